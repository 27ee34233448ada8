"""How pictures come out of data sets and loaders: real programs' ways, shortened; one range for each sink."""

from __future__ import annotations

import pytest

from tests.facts.interpreting import SIGNED, UNIT, UNKNOWN, at_sinks

CASES: dict[str, tuple[str, list[str]]] = {
    "dataset tuple": (
        """
        import torchvision.transforms as T
        from torch.utils.data import DataLoader, Dataset
        from torchvision import utils as vutils
        class Faces(Dataset):
            def __init__(self, root, transform=None):
                self.paths = sorted(glob.glob(root)); self.transform = transform
            def __len__(self): return len(self.paths)
            def __getitem__(self, i):
                img = Image.open(self.paths[i]).convert("RGB")
                if self.transform: img = self.transform(img)
                return img, 0
        tf = T.Compose([T.Resize(64), T.ToTensor(), T.Normalize((0.5,)*3, (0.5,)*3)])
        dl = DataLoader(Faces("x", tf), batch_size=4, shuffle=True, num_workers=4)
        images, labels = next(iter(dl))
        vutils.save_image(images, "a.png")
        vutils.save_image(images, "a.png", normalize=True)
        """,
        [SIGNED, UNIT],
    ),
    "cycle, batch": (
        """
        from torch.utils.data import DataLoader
        import torchvision
        from torchvision import datasets, transforms
        def cycle(dl):
            while True:
                for data in dl:
                    yield data
        ds = datasets.CIFAR10("d", train=True, transform=transforms.Compose([transforms.ToTensor(),
                transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))]))
        dl = cycle(DataLoader(ds))
        x, y = next(dl)
        save_image(x, "a.png")
        data = next(dl)
        save_image(data[0], "a.png")
        it = iter(DataLoader(ds))
        try:
            b = next(it)
        except StopIteration:
            it = iter(DataLoader(ds)); b = next(it)
        save_image(b[0], "c.png")
        save_image(it.__next__()[0], "c.png")
        """,
        [SIGNED, SIGNED, SIGNED, SIGNED],
    ),
    "dict batch enumerate tqdm": (
        """
        from tqdm.auto import tqdm
        from torch.utils.data import DataLoader, Dataset
        from torchvision import transforms
        class D(Dataset):
            def __getitem__(self, i):
                image = Image.open("p").convert("RGB")
                image = transforms.ToTensor()(image) * 2 - 1
                return {"image": image, "label": 3}
        loader = DataLoader(D(), 4)
        for epoch in range(10):
            bar = tqdm(loader, desc="x")
            for step, batch in enumerate(bar):
                save_image(batch["image"].to("cuda"), "a.png")
            for step, batch in tqdm(enumerate(loader), total=len(loader)):
                save_image(batch["image"].to("cuda"), "b.png")
            with tqdm(loader, unit="batch") as tepoch:
                for batch in tepoch:
                    save_image(batch["image"].to("cuda"), "c.png")
        """,
        [SIGNED, SIGNED, SIGNED],
    ),
    "collate": (
        """
        from torch.utils.data import DataLoader, Dataset
        from torchvision import transforms
        class D(Dataset):
            def __getitem__(self, i):
                image = Image.open("p").convert("RGB")
                return transforms.ToTensor()(image) * 2 - 1
        def collate_fn(examples):
            pixel_values = torch.stack([example for example in examples])
            pixel_values = pixel_values.to(memory_format=torch.contiguous_format).float()
            return {"pixel_values": pixel_values}
        loader = DataLoader(D(), 4, collate_fn=collate_fn)
        for batch in loader:
            save_image(batch["pixel_values"], "x.png")
        loader = DataLoader(D(), batch_sampler=torch.utils.data.BatchSampler(None, 4, False),
                collate_fn=lambda b: torch.stack(b, 0))
        for batch in loader:
            save_image(batch, "x.png")
        class E(D):
            def __getitem__(self, i):
                return {"a": transforms.ToTensor()(Image.open("p")), "b": "text"}
            @staticmethod
            def collate(batch):
                imgs = [b["a"] for b in batch]
                return torch.utils.data.default_collate(imgs)
        ds = E()
        for batch in DataLoader(ds, collate_fn=ds.collate):
            save_image(batch, "y.png")
        """,
        [SIGNED, SIGNED, UNIT],
    ),
    "concat subset split iterable": (
        """
        from torch.utils.data import DataLoader, Dataset, ConcatDataset, Subset, random_split, IterableDataset
        from torchvision import transforms, datasets
        tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5], [0.5])])
        a = datasets.MNIST("r", train=True, transform=tf); b = datasets.MNIST("r", train=False, transform=tf)
        full = ConcatDataset([a, b])
        for x, _ in DataLoader(full): save_image(x, "x.png")
        for x, _ in DataLoader(a + b): save_image(x, "x.png")
        tr, va = random_split(a, [10, 20])
        for x, _ in DataLoader(tr): save_image(x, "x.png")
        for i, (x, y) in enumerate(DataLoader(Subset(a, range(10)))): save_image(x, "x.png")
        class It(IterableDataset):
            def __iter__(self):
                while True:
                    yield transforms.ToTensor()(Image.open("q"))
        for x in DataLoader(It()): save_image(x, "x.png")
        """,
        [SIGNED, SIGNED, SIGNED, SIGNED, UNIT],
    ),
    "hf datasets": (
        """
        from datasets import load_dataset
        from torchvision import transforms
        from torch.utils.data import DataLoader
        dataset = load_dataset("huggan/smithsonian_butterflies_subset", split="train")
        augmentations = transforms.Compose([transforms.Resize(64), transforms.RandomCrop(64),
                transforms.ToTensor(), transforms.Normalize([0.5], [0.5])])
        def transform_images(examples):
            images = [augmentations(image.convert("RGB")) for image in examples["image"]]
            return {"input": images}
        dataset.set_transform(transform_images)
        dl = DataLoader(dataset, batch_size=16)
        for step, batch in enumerate(dl):
            save_image(batch["input"], "x.png")
        """,
        [SIGNED],
    ),
    "hf dict columns": (
        """
        from datasets import load_dataset, DatasetDict
        from torchvision import transforms
        from torch.utils.data import DataLoader
        dataset = load_dataset("x", cache_dir="a")
        train_transforms = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5], [0.5])])
        def preprocess_train(examples):
            images = [image.convert("RGB") for image in examples["image"]]
            examples["pixel_values"] = [train_transforms(image) for image in images]
            return examples
        train_dataset = dataset["train"].with_transform(preprocess_train)
        def collate_fn(examples):
            pixel_values = torch.stack([example["pixel_values"] for example in examples])
            pixel_values = pixel_values.to(memory_format=torch.contiguous_format).float()
            return {"pixel_values": pixel_values}
        dl = DataLoader(train_dataset, collate_fn=collate_fn)
        for batch in dl: save_image(batch["pixel_values"], "x.png")
        def tr(batch):
            batch["pixel_values"] = [train_transforms(x) for x in batch["image"]]
            del batch["image"]
            return batch
        ds = load_dataset("mnist")
        t = ds.with_transform(tr).remove_columns("label")
        for batch in DataLoader(t["train"], batch_size=3):
            save_image(batch["pixel_values"], "x.png")
        img = ds["train"][0]["image"]
        save_image(transforms.ToTensor()(img), "x.png")
        """,
        [SIGNED, SIGNED, UNIT],
    ),
    "hf map torch": (
        """
        from datasets import load_dataset
        from torchvision import transforms
        ds = load_dataset("mnist", split="train")
        ds = ds.map(lambda e: {"px": [transforms.ToTensor()(i) for i in e["image"]]}, batched=True)
        ds.set_format("torch")
        for b in torch.utils.data.DataLoader(ds): save_image(b["px"], "x.png")
        """,
        [UNIT],
    ),
    "prefetcher": (
        """
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms
        ds = datasets.MNIST("r", transform=transforms.Compose([transforms.ToTensor(),
                transforms.Normalize([0.5], [0.5])]))
        class Prefetcher:
            def __init__(self, loader):
                self.ori_loader = loader
                self.loader = iter(loader)
                self.stream = torch.cuda.Stream()
                self.preload()
            def preload(self):
                try:
                    self.batch = next(self.loader)
                except StopIteration:
                    self.batch = None
                    return None
            def next(self):
                torch.cuda.current_stream().wait_stream(self.stream)
                batch = self.batch
                self.preload()
                return batch
            def reset(self):
                self.loader = iter(self.ori_loader)
                self.preload()
        p = Prefetcher(DataLoader(ds))
        data = p.next()
        save_image(data[0], "x.png")
        while data is not None:
            save_image(data[0], "x.png")
            data = p.next()
        class It:
            def __init__(self, dl): self.dl = dl; self.it = iter(dl)
            def __iter__(self): return self
            def __next__(self):
                try:
                    return next(self.it)
                except StopIteration:
                    self.it = iter(self.dl); return next(self.it)
        i = It(DataLoader(ds))
        x, y = next(i)
        save_image(x, "y.png")
        for x, y in i: save_image(x, "y.png")
        """,
        [SIGNED, SIGNED, SIGNED, SIGNED],
    ),
    "hand datasets": (
        """
        import numpy as np, cv2, imageio, h5py, lmdb, io, os, glob
        class A(torch.utils.data.Dataset):
            def __init__(self, root):
                self.files = [os.path.join(root, f) for f in os.listdir(root)]
            def __getitem__(self, i):
                img = np.asarray(Image.open(self.files[i]).convert("RGB"), dtype=np.float32) / 127.5 - 1
                return torch.from_numpy(img.transpose(2, 0, 1))
        for im in torch.utils.data.DataLoader(A("x")): save_image(im, "a.png")
        class B(A):
            def __getitem__(self, i):
                img = cv2.imread(self.files[i])[:, :, ::-1]
                img = cv2.resize(img, (64, 64)).astype(np.float32) / 255.
                img = np.ascontiguousarray(img.transpose(2, 0, 1))
                return {"gt": torch.tensor(img), "path": self.files[i]}
        for im in torch.utils.data.DataLoader(B("x")): save_image(im["gt"], "b.png")
        class C(A):
            def __getitem__(self, i):
                a = np.load(self.files[i])
                return torch.from_numpy(a).float() / 255.0
        for im in torch.utils.data.DataLoader(C("x")): save_image(im, "c.png")
        class C2(A):
            def __getitem__(self, i):
                a = np.load(self.files[i])
                return torch.from_numpy(a).float()
        for im in torch.utils.data.DataLoader(C2("x")): save_image(im, "c2.png")
        class E(A):
            def __init__(self, p):
                self.env = lmdb.open(p);
            def __getitem__(self, i):
                with self.env.begin(write=False) as txn:
                    img_bytes = txn.get(b"1")
                buffer = io.BytesIO(img_bytes)
                img = Image.open(buffer)
                return to_tensor(img)
        for im in torch.utils.data.DataLoader(E("x")): save_image(im, "e.png")
        class F(A):
            def __getitem__(self, i):
                img = cv2.imdecode(np.frombuffer(b"3", np.uint8), cv2.IMREAD_COLOR)
                return torch.from_numpy(img.copy()).permute(2, 0, 1).float().div(255).mul(2).sub(1)
        for im in torch.utils.data.DataLoader(F("x")): save_image(im, "f.png")
        class G(A):
            def __getitem__(self, i):
                img = imageio.imread(self.files[i]).astype(np.float32) / 255
                return torch.from_numpy(img).permute(2, 0, 1) * 2 - 1
        for im in torch.utils.data.DataLoader(G("x")): save_image(im, "g.png")
        class H(A):
            def __init__(self, p): self.h = h5py.File(p, "r")["images"]
            def __getitem__(self, i):
                return torch.from_numpy(self.h[i].astype("float32") / 255.0) * 2 - 1
        for im in torch.utils.data.DataLoader(H("x")): save_image(im, "h.png")
        with open("x", "rb") as f:
            im = Image.open(f).convert("RGB")
        save_image(to_tensor(im), "i.png")
        """,
        [SIGNED, UNIT, UNIT, UNKNOWN, UNIT, SIGNED, SIGNED, SIGNED, UNIT],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_range_at_each_sink(name: str) -> None:
    code, expected = CASES[name]
    assert at_sinks(code) == [{answer} for answer in expected]
