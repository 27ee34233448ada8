from pathlib import Path

import numpy as np
import torch as th
from PIL import Image
from torch.utils.data import DataLoader, Dataset


def load_data(*, data_dir, batch_size, image_size):
    files = sorted(Path(data_dir).rglob("*.png"))
    dataset = ImageDataset(image_size, files)
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True, drop_last=True)
    while True:
        yield from loader


class ImageDataset(Dataset):
    def __init__(self, resolution, image_paths):
        super().__init__()
        self.resolution = resolution
        self.image_paths = image_paths

    def __len__(self):
        return len(self.image_paths)

    def __getitem__(self, idx):
        pil_image = Image.open(self.image_paths[idx]).convert("RGB")
        pil_image = pil_image.resize((self.resolution, self.resolution), Image.BICUBIC)
        arr = np.array(pil_image)
        arr = arr.astype(np.float32) / 127.5 - 1
        return th.from_numpy(np.transpose(arr, [2, 0, 1]))
