// The decoder: a list of layers, from the coordinates of a state to pixels in [0, 1].

// Weights are kept with three bytes each, which moves no pixel by more than 1e-4.
const unpackLayers = (layers) =>
  layers.map((layer) => ({
    ...layer,
    weight: layer.weight && unpack(layer.weight, 3),
    bias: layer.bias && unpack(layer.bias, 3),
    reach: Array.from({ length: layer.kernelSize ?? 0 }, (_, k) => inside(layer, k)),
  }));

// The diagonal of |psi><psi|, then sqrt(2) times the reals and the imaginaries above it.
const densityFeatures = (state) => {
  const size = state.re.length;
  const features = new Float64Array(size * size);
  let [real, imaginary] = [size, size + (size * (size - 1)) / 2];
  for (let row = 0; row < size; row++) {
    features[row] = densityEntry(state, row, row)[0];
    for (let column = row + 1; column < size; column++) {
      const [x, y] = densityEntry(state, row, column);
      features[real++] = Math.SQRT2 * x;
      features[imaginary++] = Math.SQRT2 * y;
    }
  }
  return features;
};

const linear = ({ inputs, outputs, weight, bias }, values) => {
  const result = new Float64Array(outputs);
  for (let row = 0; row < outputs; row++) {
    let sum = bias[row];
    for (let i = 0; i < inputs; i++) sum += weight[row * inputs + i] * values[i];
    result[row] = sum;
  }
  return result;
};

const logistic = (x) => 1 / (1 + Math.exp(-x));
const silu = (_, values) => values.map((x) => x * logistic(x));

// The first and the last place i whose target, i * stride - padding + k, is inside of the image.
const inside = ({ size, width, stride, padding }, k) => [
  Math.max(0, Math.ceil((padding - k) / stride)),
  Math.min(size - 1, Math.floor((width - 1 + padding - k) / stride)),
];

// Adds one kernel, times the pixels of one input channel, to one output channel.
const spread = (layer, kernel, source, target) => {
  const { size, width, stride, padding, weight, kernelSize, reach } = layer;
  for (let ky = 0; ky < kernelSize; ky++) {
    for (let kx = 0; kx < kernelSize; kx++) {
      const w = weight[kernel + ky * kernelSize + kx];
      const first = (ky - padding) * width + kx - padding;
      for (let i = reach[ky][0]; i <= reach[ky][1]; i++) {
        const row = first + i * stride * width;
        for (let j = reach[kx][0]; j <= reach[kx][1]; j++) {
          target[row + j * stride] += w * source[i * size + j];
        }
      }
    }
  }
};

// A transposed convolution on square images, channel after channel.
const transposed = (layer, values) => {
  const { inputs, outputs, size, width, kernelSize, bias } = layer;
  const result = new Float64Array(outputs * width * width);
  for (let o = 0; o < outputs; o++) {
    const target = result.subarray(o * width * width, (o + 1) * width * width).fill(bias[o]);
    for (let i = 0; i < inputs; i++) {
      const source = values.subarray(i * size * size, (i + 1) * size * size);
      spread(layer, (i * outputs + o) * kernelSize ** 2, source, target);
    }
  }
  return result;
};

const LAYERS = { linear, silu, transposed };

const applyLayers = (layers, features) =>
  layers.reduce((values, layer) => LAYERS[layer.kind](layer, values), features).map(logistic);

// The image of a state, row after row.
const decode = (model, state) => applyLayers(model.layers, densityFeatures(state));

// Images of the VAE: its latents are drawn from the standard normal distribution.
const sampleBaseline = ({ latent, layers }, seed, count) => {
  const latents = generator(seed, "sample").normals(count * latent);
  return Array.from({ length: count }, (_, i) =>
    applyLayers(layers, latents.subarray(i * latent, (i + 1) * latent)),
  );
};
