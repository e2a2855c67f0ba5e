#!/usr/bin/python3
"""Trains the float networks of the examples.  Nothing of qcc runs here.

    train.py                        lenet and dscnn on Fashion-MNIST, beside this file
    train.py --data DIR --out DIR --digits lenet
                                    the same LeNet on MNIST (see ../mnist/fetch.sh)

One recipe and one seed for all three; the last epoch is what is kept, so the
test images choose nothing.  The figure depends on torch's version and on the
machine's sums in float32, which is why the weights are committed.
"""
import argparse
import gzip
import json
import os
import struct
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

SEED, EPOCHS, BATCH, PEAK = 1, 15, 128, 4e-3
FASHION = "/usr/share/datasets/fashion-mnist"  # Debian's dataset-fashion-mnist
HERE = os.path.dirname(os.path.abspath(__file__))


class LeNet(nn.Module):
    """LeNet-5 on 28x28: 61,470 weights, biases not counted."""

    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5, padding=2)
        self.c2 = nn.Conv2d(6, 16, 5)
        self.f1 = nn.Linear(400, 120)
        self.f2 = nn.Linear(120, 84)
        self.f3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.c1(x)), 2)
        x = F.max_pool2d(F.relu(self.c2(x)), 2)
        x = F.relu(self.f1(x.flatten(1)))
        return self.f3(F.relu(self.f2(x)))


def same(x, conv):
    """TensorFlow's `same` for a 3x3 kernel: the surplus at bottom and right."""
    pads = []
    for size, stride in ((x.shape[3], conv.stride[1]), (x.shape[2], conv.stride[0])):
        total = max((-(-size // stride) - 1) * stride + 3 - size, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads)


class DSCNN(nn.Module):
    """A keyword spotter's DS-CNN, for images: 7,168 weights."""

    def __init__(self, width=32):
        super().__init__()
        self.layers = ["conv0"]
        self.conv0 = nn.Conv2d(1, width, 3, stride=2, bias=False)
        for i in range(1, 6):
            stride = 2 if i == 3 else 1
            self.add_module(f"dw{i}", nn.Conv2d(width, width, 3, stride=stride, groups=width,
                                                bias=False))
            self.add_module(f"pw{i}", nn.Conv2d(width, width, 1, bias=False))
            self.layers += [f"dw{i}", f"pw{i}"]
        for name in self.layers:
            self.add_module(name + "_bn", nn.BatchNorm2d(width))
        self.fc = nn.Linear(width, 10)

    def forward(self, x):
        for name in self.layers:
            conv, norm = getattr(self, name), getattr(self, name + "_bn")
            x = F.relu(norm(conv(x if name.startswith("pw") else same(x, conv))))
        return self.fc(x.mean((2, 3)))


def read_idx(path):
    raw = open(path, "rb").read() if os.path.exists(path) else gzip.open(path + ".gz").read()
    rank = raw[3]
    shape = struct.unpack(f">{rank}I", raw[4 : 4 + 4 * rank])
    return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape).copy())


def load(folder, part):
    images = read_idx(f"{folder}/{part}-images-idx3-ubyte")
    return images[:, None], read_idx(f"{folder}/{part}-labels-idx1-ubyte").long()


def augment(x, flips):
    """Fashion is mirrored, one image in two; digits are shifted by up to 2 pixels."""
    if flips:
        return torch.where(torch.rand(len(x), 1, 1, 1) < 0.5, x.flip(3), x)
    dy, dx = torch.randint(0, 5, (2,)).tolist()
    return F.pad(x, (2, 2, 2, 2))[:, :, dy : dy + 28, dx : dx + 28]


def train(net, images, labels, flips):
    steps = len(images) // BATCH
    opt = torch.optim.Adam(net.parameters(), lr=PEAK)
    plan = torch.optim.lr_scheduler.OneCycleLR(opt, PEAK, total_steps=EPOCHS * steps)
    for epoch in range(EPOCHS):
        start, total = time.time(), 0.0
        order = torch.randperm(len(images))
        net.train()
        for i in range(steps):
            rows = order[i * BATCH : (i + 1) * BATCH]
            x = augment(images[rows].float() / 255, flips)
            loss = F.cross_entropy(net(x), labels[rows])
            opt.zero_grad()
            loss.backward()
            opt.step()
            plan.step()
            total += loss.item()
        spent = time.time() - start
        print(f"  epoch {epoch + 1:2d} loss {total / steps:.4f} {spent:.1f} s", flush=True)


@torch.no_grad()
def accuracy(net, images, labels):
    net.eval()
    hits = sum((net(x.float() / 255).argmax(1) == y).sum().item()
               for x, y in zip(images.split(500), labels.split(500)))
    return 100 * hits / len(labels)


def save_safetensors(path, tensors, about):
    """u64 length of the header, the header padded to 8 bytes, the data."""
    types = {torch.float32: ("F32", "<f4"), torch.int64: ("I64", "<i8")}
    header, data = {"__metadata__": about}, b""
    # 8-byte types first, so that every tensor is aligned to its own size
    for name in sorted(tensors, key=lambda n: (-tensors[n].element_size(), n)):
        word, code = types[tensors[name].dtype]
        raw = tensors[name].numpy().astype(code).tobytes()
        header[name] = {"dtype": word, "shape": list(tensors[name].shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + data)


def main():
    args = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    args.add_argument("nets", nargs="*", default=["lenet", "dscnn"], metavar="lenet|dscnn")
    args.add_argument("--data", default=FASHION, help="folder of the four IDX files, .gz or not")
    args.add_argument("--out", default=HERE)
    args.add_argument("--digits", action="store_true", help="no mirroring: shifts instead")
    args = args.parse_args()

    torch.set_num_threads(2)
    images, labels = load(args.data, "train")
    test = load(args.data, "t10k")
    for name in args.nets:
        torch.manual_seed(SEED)
        net = {"lenet": LeNet, "dscnn": DSCNN}[name]()
        net = net.to(memory_format=torch.channels_last)  # 1.7 times faster on a CPU
        weights = sum(p.numel() for n, p in net.named_parameters() if p.dim() > 1)
        print(f"{name}: {weights} weights", flush=True)
        train(net, images, labels, flips=not args.digits)
        score = accuracy(net, *test)
        print(f"{name}: {score:.2f} % of {len(test[1])} test images", flush=True)
        data = "MNIST" if args.digits else "Fashion-MNIST"
        about = {"what": f"{name} on {data}, float32, input pixel/255", "seed": str(SEED),
                 "epochs": str(EPOCHS), "test_accuracy": f"{score:.2f}"}
        save_safetensors(f"{args.out}/{name}.safetensors", net.state_dict(), about)


if __name__ == "__main__":
    main()
