// ort.js - an ONNX model in ONNX Runtime, row by row, against outputs of another program.
//
//   node ort.js PACKAGES MODEL.onnx IN.npy OUT.npy [SCALE_IN ZERO_IN SCALE_OUT ZERO_OUT]
//
// IN and OUT have a row for each inference, channels last. Reals (float32), or int8 codes whose scales and
// zero points are given; the model's ports are float32 with a batch of 1 and their channels first. Prints
// `rows elements differing worst`, worst in codes, or of the row's largest magnitude.
'use strict';
const fs = require('fs');
const path = require('path');
const ort = require(path.join(process.argv[2], 'onnxruntime-node'));

function readNpy(file) {
  const b = fs.readFileSync(file);
  const wide = b[6] > 1;
  const start = wide ? 12 : 10;
  const size = wide ? b.readUInt32LE(8) : b.readUInt16LE(8);
  const header = b.toString('latin1', start, start + size);
  const shape = /'shape': \(([^)]*)\)/.exec(header)[1].split(',').filter((s) => s.trim()).map(Number);
  const type = /'descr': '([^']*)'/.exec(header)[1];
  const bytes = b.buffer.slice(b.byteOffset + start + size, b.byteOffset + b.length);
  const kinds = {'<f4': Float32Array, '|i1': Int8Array};
  return {shape, type, data: new kinds[type](bytes)};
}

// Position, in an array with channels first, of element i of one with channels last.
function channelsFirst(i, dims) {
  if (dims.length < 2) return i;
  const channels = dims[dims.length - 1];
  const cells = dims.slice(0, -1).reduce((a, b) => a * b, 1);
  return (i % channels) * cells + Math.floor(i / channels);
}

async function main() {
  const [, , , model, inFile, outFile, ...numbers] = process.argv;
  const [sIn, zIn, sOut, zOut] = numbers.map(Number);
  const input = readNpy(inFile), want = readNpy(outFile);
  const rows = input.shape[0];
  const dims = input.shape.slice(1), wantDims = want.shape.slice(1);
  const n = dims.reduce((a, b) => a * b, 1), m = wantDims.reduce((a, b) => a * b, 1);
  const session = await ort.InferenceSession.create(model, {intraOpNumThreads: 1, logSeverityLevel: 3});
  const shape = [1, ...(dims.length > 1 ? [dims[dims.length - 1], ...dims.slice(0, -1)] : dims)];
  let differing = 0, worst = 0;
  for (let row = 0; row < rows; row++) {
    const x = new Float32Array(n);
    for (let i = 0; i < n; i++) {
      const v = input.data[row * n + i];
      x[channelsFirst(i, dims)] = input.type === '|i1' ? Math.fround(Math.fround(sIn) * (v - zIn)) : v;
    }
    const feeds = {[session.inputNames[0]]: new ort.Tensor('float32', x, shape)};
    const y = (await session.run(feeds))[session.outputNames[0]].data;
    if (y.length !== m) throw new Error(`${y.length} elements, not ${m}`);
    let most = 1e-30;
    for (let i = 0; i < m; i++) most = Math.max(most, Math.abs(want.data[row * m + i]));
    for (let i = 0; i < m; i++) {
      const v = y[channelsFirst(i, wantDims)], w = want.data[row * m + i];
      const d = want.type === '|i1' ? Math.abs(Math.round(v / Math.fround(sOut)) + zOut - w) : Math.abs(v - w) / most;
      if (!(d <= 1e300)) throw new Error(`row ${row} element ${i} is ${v}`);
      differing += d > 0 ? 1 : 0;
      worst = Math.max(worst, d);
    }
  }
  console.log(`${rows} ${rows * m} ${differing} ${worst}`);
}

main().catch((e) => {
  console.error(`ort.js: ${e.message}`);
  process.exit(1);
});
