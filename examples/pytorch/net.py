#!/usr/bin/python3
"""A small net in PyTorch, trained for a moment, as the files that qcc takes.

    /usr/bin/python3 net.py FOLDER

writes into FOLDER
    net.onnx          the net as torch.onnx exports it
    net.safetensors   its state_dict, under the names that net.qdl beside this script uses
    calibrate.npy     200 rows for calibration, test.npy 500 others, as torch has them: [rows, C, H, W]
    labels.npy        the classes of the test rows
    want.npy          what torch computes of the test rows: the logits

Height, width and channels differ at every step, so that a mistake in an order of elements shows. The
task is made up: five patterns of waves in noise. Needs Debian's python3-torch; qcc does not.
"""
import json
import math
import os
import struct
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

CHANNELS, HEIGHT, WIDTH, CLASSES = 3, 20, 14, 5


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(CHANNELS, 8, 3, padding=1, bias=False)
        self.c1_bn = nn.BatchNorm2d(8)
        self.d1 = nn.Conv2d(8, 8, 3, stride=(2, 1), padding=1, groups=8, bias=False)
        self.d1_bn = nn.BatchNorm2d(8)
        self.p1 = nn.Conv2d(8, 12, 1)
        self.f1 = nn.Linear(12 * 4 * 3, 16)
        self.f2 = nn.Linear(16, CLASSES)

    def forward(self, x):                               # 3 x 20 x 14
        x = F.relu(self.c1_bn(self.c1(x)))              # 8 x 20 x 14
        x = F.relu(self.d1_bn(self.d1(x)))              # 8 x 10 x 14
        x = F.relu6(self.p1(x))                         # 12 x 10 x 14
        x = F.max_pool2d(x, 2)                          # 12 x 5 x 7
        x = F.avg_pool2d(x, (2, 3), stride=(1, 2))      # 12 x 4 x 3
        x = torch.flatten(x, 1)                         # 144, in the order C, H, W
        return self.f2(F.relu(self.f1(x)))


def make_rows(n, generator):
    """Waves of a direction and a colour for each class, in noise."""
    labels = torch.randint(CLASSES, (n,), generator=generator)
    y = torch.arange(HEIGHT).view(1, 1, HEIGHT, 1)
    x = torch.arange(WIDTH).view(1, 1, 1, WIDTH)
    angle = labels.view(n, 1, 1, 1) * math.pi / CLASSES
    phase = torch.rand(n, 1, 1, 1, generator=generator) * 2 * math.pi
    wave = torch.sin(0.9 * (x * torch.cos(angle) + y * torch.sin(angle)) + phase)
    colour = 0.5 + 0.5 * torch.cos(labels.view(n, 1) + torch.arange(CHANNELS)).view(n, CHANNELS, 1, 1)
    noise = torch.randn(n, CHANNELS, HEIGHT, WIDTH, generator=generator)
    return wave * colour + 0.8 * noise, labels


def train(net, generator):
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    net.train()
    for _ in range(150):
        x, labels = make_rows(64, generator)
        optimizer.zero_grad()
        F.cross_entropy(net(x), labels).backward()
        optimizer.step()
    net.eval()


def save_safetensors(path, state):
    """The format of the safetensors package, which Debian 12 does not have: `from safetensors.torch
    import save_file; save_file(net.state_dict(), path)` writes the same."""
    header, data = {}, b""
    for name, tensor in state.items():
        raw = tensor.numpy().astype("<i8" if tensor.dtype == torch.int64 else "<f4").tobytes()
        header[name] = {"dtype": "I64" if tensor.dtype == torch.int64 else "F32",
                        "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else "."
    os.makedirs(folder, exist_ok=True)
    torch.manual_seed(1)
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(2)
    net = Net()
    train(net, generator)
    calibrate, _ = make_rows(200, generator)
    test, labels = make_rows(500, generator)
    with torch.no_grad():
        want = net(test)
    torch.onnx.export(net, test[:1], os.path.join(folder, "net.onnx"), opset_version=13,
                      input_names=["image"], output_names=["logits"])
    save_safetensors(os.path.join(folder, "net.safetensors"), net.state_dict())
    for name, rows in ("calibrate", calibrate), ("test", test), ("want", want):
        np.save(os.path.join(folder, name + ".npy"), rows.numpy().astype("<f4"))
    np.save(os.path.join(folder, "labels.npy"), labels.numpy().astype("u1"))
    print("torch %s: %.1f %% of %d test rows right"
          % (torch.__version__, 100 * (want.argmax(1) == labels).float().mean(), len(labels)))


main()
