from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder


def build_transform(cfg):
    return transforms.Compose([
        transforms.Resize((cfg.image_size, cfg.image_size)),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize([cfg.mean] * cfg.channels, [cfg.std] * cfg.channels),
    ])


def build_loader(cfg, batch_size):
    dataset = ImageFolder(cfg.root, transform=build_transform(cfg))
    return DataLoader(dataset, batch_size=batch_size, shuffle=True, drop_last=True, num_workers=0)


def denormalize(x, cfg):
    return x * cfg.std + cfg.mean
