#!/usr/bin/python3
"""Writes the fixtures of this folder: small nets, and what torch says that they compute.

Each fixture is NAME.qdl, NAME.safetensors, NAME.in.npy and NAME.out.npy (float32, [rows, ...],
channels-last). torch computes in double from float32 weights, so that a reader may compare
closely. In every spatial tensor that a layer takes or gives, H, W and C differ.
`formats` is one net stored in every way that qcc reads.

Needs python3-torch; the tests only read the files. Each fixture has its own seed: adding one
leaves the others alone.
"""
import json
import os
import struct
import zlib

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))


# --- files -------------------------------------------------------------------------------------

def raw_bytes(tensor):
    """(safetensors' word, little-endian bytes)"""
    tensor = tensor.contiguous()
    if tensor.dtype == torch.bfloat16:
        return "BF16", tensor.view(torch.int16).numpy().astype("<i2").tobytes()
    word, code = {torch.float16: ("F16", "<f2"), torch.float32: ("F32", "<f4"),
                  torch.float64: ("F64", "<f8"), torch.int64: ("I64", "<i8")}[tensor.dtype]
    return word, tensor.numpy().astype(code).tobytes()


def save_safetensors(name, tensors):
    header, data = {"__metadata__": {"what": "tests/torch/make_fixtures.py"}}, b""
    for key in sorted(tensors, key=lambda k: (-tensors[k].element_size(), k)):
        word, raw = raw_bytes(tensors[key])
        header[key] = {"dtype": word, "shape": list(tensors[key].shape),
                       "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(f"{HERE}/{name}.safetensors", "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + data)


def save_array(name, tensor):
    if tensor.dim() == 4:
        tensor = tensor.permute(0, 2, 3, 1)
    np.save(f"{HERE}/{name}.npy", np.ascontiguousarray(tensor.detach().numpy(), "<f4"))


# --- nets --------------------------------------------------------------------------------------

class Net(nn.Module):
    """Named layers and a forward function: Net(lambda m, x: m.c1(x), c1=nn.Conv2d(…))."""

    def __init__(self, forward=None, **layers):
        super().__init__()
        self.function = forward
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x):
        return self.function(self, x)


class Constant(nn.Module):
    """Numbers, as qcc keeps them: channels last."""

    def __init__(self, *shape):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(*shape))


def randomize_norms(net):
    """Statistics as training leaves them, one scale of each norm negative."""
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            layer.weight.data[1] *= -1
            nn.init.uniform_(layer.bias, -0.5, 0.5)
            nn.init.uniform_(layer.running_mean, -0.5, 0.5)
            nn.init.uniform_(layer.running_var, 0.2, 2)
            layer.num_batches_tracked.fill_(1234)
        if isinstance(layer, nn.PReLU):
            nn.init.uniform_(layer.weight, -1, 1)


def check_shape(layer, inputs, output):
    for shape in (inputs[0].shape, output.shape):
        if len(shape) == 4 and shape[2:] != (1, 1):
            assert len(set(shape[1:])) == 3, f"a transposed {tuple(shape)} may go unnoticed: {layer}"


def fixture(name, make, shape, qdl, rows=2, spread=1.0):
    """shape is torch's (C, H, W), or what the model declares where there is no space."""
    torch.manual_seed(zlib.crc32(name.encode()))
    net = make()
    net.eval()
    for layer in net.modules():
        layer.register_forward_hook(check_shape)
    randomize_norms(net)
    if name == "formats":
        round_weights(net)
    x = torch.randn(rows, *shape) * spread
    state = {key: value.clone() for key, value in net.state_dict().items()}
    with torch.no_grad():
        y = net.double()(x.double())
    text = "\n".join(line[4:] for line in qdl.strip("\n").split("\n")).rstrip()
    with open(f"{HERE}/{name}.qdl", "w") as out:
        out.write(f"# Written by make_fixtures.py.\n{text}\n")
    save_safetensors(name, state)
    save_array(name + ".in", x)
    save_array(name + ".out", y)
    print(f"{name:16s} {tuple(x.shape)} -> {tuple(y.shape)}")
    return state


def convolutions():
    fixture("conv_stride", lambda: Net(
        lambda m, x: m.c1(x),
        c1=nn.Conv2d(3, 6, (3, 2), stride=(2, 1), padding=(1, 0))), (3, 7, 6), """
    model conv_stride {
        input x : f32[7, 6, 3]
        c1 = conv2d(x, 6, kernel 3x2, stride 2x1, pad [1, 1, 0, 0])
        output c1
    }""")

    fixture("conv_pad", lambda: Net(
        lambda m, x: m.c2(F.pad(m.c1(F.pad(x, (0, 3, 2, 1))), (1, 0, 0, 2))),
        c1=nn.Conv2d(2, 4, 3), c2=nn.Conv2d(4, 3, 3)), (2, 4, 6), """
    model conv_pad {
        input x : f32[4, 6, 2]
        c1 = conv2d(x, 4, kernel 3x3, pad [2, 1, 0, 3])
        c2 = conv2d(pad(c1, [0, 2, 1, 0]), 3, kernel 3)
        output c2
    }""")

    fixture("conv_dilation", lambda: Net(
        lambda m, x: m.c1(F.pad(x, (0, 1, 2, 1))),
        c1=nn.Conv2d(3, 5, (3, 2), dilation=(2, 3))), (3, 8, 6), """
    model conv_dilation {
        input x : f32[8, 6, 3]
        c1 = conv2d(x, 5, kernel 3x2, dilation 2x3, pad [2, 1, 0, 1])
        output c1
    }""")

    fixture("conv_groups", lambda: Net(
        lambda m, x: m.c2(m.c1(x)),
        c1=nn.Conv2d(6, 4, (2, 3), groups=2, bias=False),
        c2=nn.Conv2d(4, 8, 1, groups=4)), (6, 4, 7), """
    model conv_groups {
        input x : f32[4, 7, 6]
        c1 = conv2d(x, 4, kernel 2x3, groups 2, no bias)
        c2 = conv2d(c1, 8, kernel 1x1, groups 4)
        output c2
    }""")

    # TensorFlow's `same`: in height 1 + 2, 0 + 1 and, dilated, 1 + 2; in width always 1 + 1
    fixture("conv_same", lambda: Net(
        lambda m, x: m.c3(F.pad(m.c2(F.pad(m.c1(F.pad(x, (1, 1, 1, 2))), (1, 1, 0, 1))), (1, 1, 1, 2))),
        c1=nn.Conv2d(3, 6, (4, 3), stride=(2, 1)),
        c2=nn.Conv2d(6, 8, 3, stride=2),
        c3=nn.Conv2d(8, 6, (2, 3), dilation=(3, 1))), (3, 7, 9), """
    model conv_same {
        input x : f32[7, 9, 3]
        c1 = conv2d(x, 6, kernel 4x3, stride 2x1, pad same)
        c2 = conv2d(c1, 8, kernel 3x3, stride 2, pad same)
        c3 = conv2d(c2, 6, kernel 2x3, dilation 3x1, pad same)
        output c3
    }""")

    fixture("depthwise", lambda: Net(
        lambda m, x: m.d2(m.d1(x)),
        d1=nn.Conv2d(3, 6, (3, 2), stride=(1, 2), padding=1, groups=3),
        d2=nn.Conv2d(6, 6, 2, groups=6, bias=False)), (3, 5, 6), """
    model depthwise {
        input x : f32[5, 6, 3]
        d1 = depthwise(x, kernel 3x2, stride 1x2, pad 1, multiplier 2)
        d2 = depthwise(d1, kernel 2x2, no bias)
        output d2
    }""")

    fixture("conv_bn", lambda: Net(
        lambda m, x: F.relu6(m.c2_bn(m.c2(F.relu(m.c1_bn(m.c1(x)))))),
        c1=nn.Conv2d(3, 4, 3, bias=False), c1_bn=nn.BatchNorm2d(4),
        c2=nn.Conv2d(4, 6, 2), c2_bn=nn.BatchNorm2d(6, eps=1e-3)), (3, 5, 8), """
    model conv_bn {
        input x : f32[5, 8, 3]
        c1 = conv2d(x, 4, kernel 3x3, no bias) |> batch_norm |> relu
        c2 = conv2d(c1, 6, kernel 2x2) |> batch_norm(eps 1e-3) |> relu6
        output c2
    }""")

    # a norm in a statement of its own, and one before the convolution, which pads with real zeros
    fixture("bn_alone", lambda: Net(
        lambda m, x: m.after(m.c1(F.relu(m.before(x)))),
        before=nn.BatchNorm2d(3), c1=nn.Conv2d(3, 2, 3, padding=1),
        after=nn.BatchNorm2d(2)), (3, 4, 6), """
    model bn_alone {
        input x : f32[4, 6, 3]
        before = batch_norm(x)
        r = relu(before)
        c1 = conv2d(r, 2, kernel 3x3, pad 1)
        after = batch_norm(c1)
        output after
    }""")


def dense_layers():
    fixture("flatten", lambda: Net(
        lambda m, x: m.f2(F.relu(m.f1(torch.tanh(F.max_pool2d(m.c1(x), 2).flatten(1))))),
        c1=nn.Conv2d(1, 5, 3), f1=nn.Linear(30, 7), f2=nn.Linear(7, 3)), (1, 6, 8), """
    model flatten {
        input x : f32[6, 8, 1]
        c1 = conv2d(x, 5, kernel 3x3)
        p1 = maxpool(c1, 2x2)
        f1 = flatten(p1) |> tanh |> dense(7) |> relu
        f2 = dense(f1, 3)
        output f2
    }""")

    fixture("flatten_input", lambda: Net(
        lambda m, x: m.f1(x.flatten(1)), f1=nn.Linear(24, 5, bias=False)), (2, 3, 4), """
    model flatten_input {
        input x : f32[3, 4, 2]
        f1 = dense(flatten(x), 5, no bias)
        output f1
    }""", rows=3)

    # each flattened part has its own C, H, W; a third part has no space at all
    fixture("flatten_concat", lambda: Net(
        lambda m, x: m.f1(torch.cat([m.a(x).flatten(1), x.mean((2, 3)), m.b(x).flatten(1)], 1)),
        a=nn.Conv2d(3, 2, (2, 3)), b=nn.Conv2d(3, 5, (3, 1)),
        f1=nn.Linear(3 * 4 * 2 + 3 + 2 * 6 * 5, 4)), (3, 4, 6), """
    model flatten_concat {
        input x : f32[4, 6, 3]
        a = conv2d(x, 2, kernel 2x3)
        b = conv2d(x, 5, kernel 3x1)
        f1 = dense(concat(flatten(a), global_avgpool(x), flatten(b)), 4)
        output f1
    }""")

    fixture("dense_rank2", lambda: Net(
        lambda m, x: F.softmax(m.f2(torch.sigmoid(m.f1(x))), -1),
        f1=nn.Linear(5, 4), f2=nn.Linear(4, 6)), (3, 5), """
    model dense_rank2 {
        input x : f32[3, 5]                 # three steps of five channels
        f1 = dense(x, 4) |> sigmoid
        f2 = dense(f1, 6)
        output softmax(f2)
    }""", spread=2.0)


def activations():
    fixture("activations", lambda: Net(
        lambda m, x: torch.cat([F.relu(x), F.relu6(x), F.leaky_relu(x, 0.1), F.leaky_relu(x), torch.sigmoid(x),
                                torch.tanh(x), F.hardswish(x), F.softmax(x, 1)], 1)), (3, 2, 5), """
    model activations {
        input x : f32[2, 5, 3]
        output concat(relu(x), relu6(x), leaky_relu(x, slope 0.1), leaky_relu(x), sigmoid(x), tanh(x),
                      hard_swish(x), softmax(x))
    }""", rows=3, spread=4.0)


def pools():
    """torch drops a last window that starts beyond the input and its left pad (W 5 here), and
    with count_include_pad counts the declared pad but not what `ceil` adds beyond it (H 8)."""
    size = dict(kernel_size=(3, 2), stride=2, padding=1)
    for name, word, pool, attributes in (
            ("maxpool", "maxpool", lambda x: F.max_pool2d(x, **size), ""),
            ("maxpool_ceil", "maxpool", lambda x: F.max_pool2d(x, ceil_mode=True, **size), ", ceil"),
            ("avgpool", "avgpool", lambda x: F.avg_pool2d(x, count_include_pad=False, **size), ""),
            ("avgpool_all", "avgpool", lambda x: F.avg_pool2d(x, **size), ", count all"),
            ("avgpool_ceil", "avgpool",
             lambda x: F.avg_pool2d(x, ceil_mode=True, count_include_pad=False, **size), ", ceil"),
            ("avgpool_ceil_all", "avgpool", lambda x: F.avg_pool2d(x, ceil_mode=True, **size), ", ceil, count all")):
        fixture(name, lambda: Net(lambda m, x: pool(x) - 0), (2, 8, 5), f"""
    model {name} {{
        input x : f32[8, 5, 2]
        output {word}(x, 3x2, stride 2x2, pad [1, 1, 1, 1]{attributes})
    }}""")

    fixture("pool_stride", lambda: Net(
        lambda m, x: F.avg_pool2d(F.max_pool2d(x, (2, 3)), (2, 1), stride=1)), (5, 8, 7), """
    model pool_stride {
        input x : f32[8, 7, 5]
        output avgpool(maxpool(x, 2x3), 2x1, stride 1)      # the first stride is the kernel
    }""")

    fixture("global_pools", lambda: Net(
        lambda m, x: torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)), (3, 4, 5), """
    model global_pools {
        input x : f32[4, 5, 3]
        output concat(global_avgpool(x), global_maxpool(x))
    }""")


def branches():
    fixture("branches", lambda: Net(
        lambda m, x: m.last(torch.cat([m.a(x) + m.b(x), m.a(x) * m.b(x), x], 1)),
        a=nn.Conv2d(3, 4, 3, padding=1), b=nn.Conv2d(3, 4, 1, bias=False),
        last=nn.Conv2d(11, 6, 1)), (3, 5, 7), """
    model branches {
        input x : f32[5, 7, 3]
        a = conv2d(x, 4, kernel 3x3, pad 1)
        b = conv2d(x, 4, kernel 1x1, no bias)
        last = conv2d(concat(add(a, b), mul(a, b), x), 6, kernel 1x1)
        output last
    }""")

    # length, channels here; channels, length there
    fixture("conv1d", lambda: Net(
        lambda m, x: F.avg_pool1d(F.max_pool1d(F.relu(m.c2(F.elu(m.c1(x.permute(0, 2, 1))))), 2), 2,
                                  stride=1).permute(0, 2, 1),
        c1=nn.Conv1d(3, 4, 3, stride=2, padding=1), c2=nn.Conv1d(4, 6, 2, dilation=2, groups=2, bias=False)),
        (19, 3), """
    model conv1d {
        input x : f32[19, 3]
        c1 = conv1d(x, 4, kernel 3, stride 2, pad 1) |> elu
        c2 = conv1d(c1, 6, kernel 2, dilation 2, groups 2, no bias) |> relu
        p = maxpool1d(c2, 2)
        output q = avgpool1d(p, 2, stride 1)
    }""")

    # c1: pads beside the kernel's reach; c2: groups; c3: a kernel smaller than its stride
    fixture("conv_transpose", lambda: Net(
        lambda m, x: m.c3(F.relu(m.c2(m.c1(x)))),
        c1=nn.ConvTranspose2d(2, 6, (3, 4), stride=(2, 3), padding=(1, 2), output_padding=(1, 0)),
        c2=nn.ConvTranspose2d(6, 9, (2, 3), groups=3, dilation=(2, 1), bias=False),
        c3=nn.ConvTranspose2d(9, 4, (1, 2), stride=(2, 3), output_padding=(1, 2))), (2, 4, 5), """
    model conv_transpose {
        input x : f32[4, 5, 2]
        c1 = conv_transpose(x, 6, kernel 3x4, stride 2x3, pad [1, 1, 2, 2], output_padding 1x0)
        c2 = conv_transpose(c1, 9, kernel 2x3, groups 3, dilation 2x1, no bias) |> relu
        output c3 = conv_transpose(c2, 4, kernel 1x2, stride 2x3, output_padding 1x2)
    }""")

    def with_constants(m, x):
        grid, b = m.grid.weight.permute(2, 0, 1), m.b.weight.view(4, 1, 1)
        s = torch.minimum((m.act(m.c1(x)) + grid) * b, m.top.weight)
        return torch.cat([m.slope(b - s), grid.expand(len(x), -1, -1, -1)], 1)

    fixture("constants", lambda: Net(
        with_constants, c1=nn.Conv2d(2, 4, 3, padding=1), act=nn.PReLU(4, 0.3), grid=Constant(5, 7, 4),
        b=Constant(4), top=Constant(1), slope=nn.PReLU(1, -0.7)), (2, 5, 7), """
    model constants {
        input x : f32[5, 7, 2]
        c1 = conv2d(x, 4, kernel 3x3, pad 1)
        act = prelu(c1)
        grid = constant([5, 7, 4])
        b = constant([4])
        s = add(act, grid) |> mul(b) |> minimum(constant([1], weights "top"))
        k = prelu(sub(b, s), constant([1], weights "slope"))
        output y = concat(k, grid, axis 2)
    }""")

    # what has no weights: the input is an image, the reductions are over its sides
    fixture("operators", lambda: Net(
        lambda m, x: torch.cat([
            (torch.maximum(F.gelu(x), -x) - torch.minimum(x, x * x)).mean(3),
            F.interpolate(x, size=(4, 9), mode="bilinear", align_corners=False).sum(2)[:, :, 1:9:2],
            F.interpolate(x, size=(6, 5), mode="bilinear", align_corners=True).amax(2)[:, :, :4]], 2)
        .permute(0, 2, 1)), (3, 4, 6), """
    model operators {
        input x : f32[4, 6, 3]
        zero = sub(x, x)
        a = sub(maximum(gelu(x), sub(zero, x)), minimum(x, mul(x, x))) |> reduce_mean([1])
        b = resize_bilinear(x, 4x9, half pixel) |> reduce_sum([0]) |> slice([1, 0], [9, 3], stride [2, 1])
        c, rest = resize_bilinear(x, 6x5, align corners) |> reduce_max([0]) |> split(axis 0, sizes [4, 1])
        d = transpose(transpose(rest, [1, 0]), [1, 0])
        e = concat(c, d, axis 0) |> slice([0, 0], [4, 3])
        output all = concat(a, b, e, axis 0)
    }""")

    fixture("l2_norm", lambda: Net(
        lambda m, x: F.normalize(m.f(F.normalize(m.c1(x), dim=1).permute(0, 2, 3, 1)), dim=3).permute(0, 3, 1, 2),
        c1=nn.Conv2d(3, 6, 1), f=nn.Linear(6, 2)), (3, 4, 5), """
    model l2_norm {
        input x : f32[4, 5, 3]
        c1 = conv2d(x, 6, kernel 1x1) |> l2_norm
        output dense(c1, 2, weights "f") |> l2_norm
    }""")

    # squeeze and excite: [H, W, C] times [1, 1, C]
    fixture("squeeze", lambda: Net(
        lambda m, x: m.c1(x) * torch.sigmoid(m.up(F.relu(m.down(m.c1(x).mean((2, 3), keepdim=True))))),
        c1=nn.Conv2d(2, 5, 3), down=nn.Conv2d(5, 2, 1), up=nn.Conv2d(2, 5, 1)), (2, 5, 6), """
    model squeeze {
        input x : f32[5, 6, 2]
        c1 = conv2d(x, 5, kernel 3x3)
        down = global_avgpool(c1, keep) |> conv2d(2, kernel 1x1) |> relu
        up = conv2d(down, 5, kernel 1x1) |> sigmoid
        output mul(c1, up)
    }""")

    fixture("sequential", lambda: Net(
        lambda m, x: m.classifier(m.features(x).flatten(1)),
        features=nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2)),
        classifier=nn.Sequential(nn.Dropout(), nn.Linear(24, 5), nn.ReLU(), nn.Linear(5, 4))), (2, 6, 10), """
    model sequential {
        input x : f32[6, 10, 2]
        c1 = conv2d(x, 3, kernel 3x3, weights "features.0") |> batch_norm(weights "features.1") |> relu
        p1 = maxpool(c1, 2x2)
        f1 = dense(flatten(p1), 5, weights "classifier.1") |> relu
        f2 = dense(f1, 4, weights "classifier.3")
        output f2
    }""")

    def dsconv(inputs, filters, stride):
        return Net(lambda m, x: F.relu(m.pw_bn(m.pw(F.relu(m.dw_bn(m.dw(F.pad(x, m.pads))))))),
                   dw=nn.Conv2d(inputs, inputs, 3, stride=stride, groups=inputs, bias=False),
                   dw_bn=nn.BatchNorm2d(inputs),
                   pw=nn.Conv2d(inputs, filters, 1, bias=False), pw_bn=nn.BatchNorm2d(filters))

    def blocks():
        net = Net(lambda m, x: m.b2(m.b1(x)), b1=dsconv(2, 3, 1), b2=dsconv(3, 6, 2))
        net.b1.pads, net.b2.pads = (1, 1, 1, 1), (0, 1, 1, 1)  # `same` of 7x10 at stride 1, 2
        return net

    fixture("blocks", blocks, (2, 7, 10), """
    block dsconv(x, filters, stride) {
        dw = depthwise(x, kernel 3x3, stride stride, pad same, no bias) |> batch_norm |> relu
        pw = conv2d(dw, filters, kernel 1x1, no bias) |> batch_norm |> relu
        return pw
    }
    model blocks {
        input x : f32[7, 10, 2]
        b1 = dsconv(x, 3, 1)
        b2 = dsconv(b1, 6, 2)
        output b2
    }""")


# --- one net, every format ---------------------------------------------------------------------

def round_weights(net):
    """To bfloat16, so that every format holds the same numbers; one of them is a float16
    subnormal, one is minus zero."""
    for tensor in net.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(tensor.bfloat16().float())
    net.c1.weight.data[0, 0, 0, 0] = 3 * 2.0**-20
    net.c1.weight.data[0, 0, 0, 1] = -0.0


def formats():
    state = fixture("formats", lambda: Net(
        lambda m, x: m.f1(F.relu(m.d1_bn(m.d1(F.relu(m.c1_bn(m.c1(x)))))).flatten(1)),
        f1=nn.Linear(24, 4), d1=nn.Conv2d(2, 2, 2, groups=2, bias=False), d1_bn=nn.BatchNorm2d(2),
        c1=nn.Conv2d(1, 2, 3, padding=(1, 0)), c1_bn=nn.BatchNorm2d(2)), (1, 5, 6), """
    # The order of declaration is not the order of the names, nor that of the PyTorch module.
    model formats {
        input x : f32[5, 6, 1]
        c1 = conv2d(x, 2, kernel 3x3, pad [1, 1, 0, 0]) |> batch_norm |> relu
        d1 = depthwise(c1, kernel 2x2, no bias) |> batch_norm |> relu
        f1 = dense(flatten(d1), 4)
        output f1
    }""")

    def cast(tensor, kind):
        return tensor.to(kind) if tensor.is_floating_point() else tensor

    for word, kind in (("f16", torch.float16), ("bf16", torch.bfloat16), ("f64", torch.float64)):
        stored = {key: cast(value, kind) for key, value in state.items()}
        for key, value in state.items():
            assert torch.equal(cast(stored[key], value.dtype), value), (word, key)
        save_safetensors(f"formats_{word}", stored)

    arrays = {key: value.numpy() for key, value in state.items()}
    np.savez(f"{HERE}/formats.npz", **arrays)
    # deflated; and in Fortran's order, as numpy writes a transposed array
    arrays["f1.weight"] = np.asfortranarray(arrays["f1.weight"])
    arrays["c1.weight"] = np.asfortranarray(arrays["c1.weight"].astype(np.float16))
    np.savez_compressed(f"{HERE}/formats_deflated.npz", **arrays)

    order = [f"{layer}.{part}" for layer, parts in (
        ("c1", "weight bias"), ("c1_bn", "weight bias running_mean running_var"),
        ("d1", "weight"), ("d1_bn", "weight bias running_mean running_var"),
        ("f1", "weight bias")) for part in parts.split()]
    assert set(state) - set(order) == {"c1_bn.num_batches_tracked", "d1_bn.num_batches_tracked"}
    with open(f"{HERE}/formats.bin", "wb") as out:
        for key in order:
            out.write(raw_bytes(state[key])[1])


if __name__ == "__main__":
    torch.set_num_threads(1)
    convolutions()
    dense_layers()
    activations()
    pools()
    branches()
    formats()
