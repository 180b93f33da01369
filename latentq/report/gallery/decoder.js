// The decoder: a list of layers, from the coordinates of a state to pixels in [0, 1].

// The weights of a transposed convolution with the output channel last, where the innermost loop
// wants it.
const outputsLast = ({ inputs, outputs, kernelSize }, weight) => {
  const taps = kernelSize ** 2;
  const result = new Float32Array(weight.length);
  for (let i = 0; i < inputs; i++) {
    for (let o = 0; o < outputs; o++) {
      for (let k = 0; k < taps; k++) {
        result[(i * taps + k) * outputs + o] = weight[(i * outputs + o) * taps + k];
      }
    }
  }
  return result;
};

// Weights are kept with three bytes each, which moves no pixel by more than 1e-4.
const unpackLayers = (layers) =>
  layers.map((layer) => {
    if (!layer.weight) return layer;
    const weight = unpack(layer.weight, 3);
    const ordered = layer.kind === "transposed" ? outputsLast(layer, weight) : weight;
    return { ...layer, weight: ordered, bias: unpack(layer.bias, 3) };
  });

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

// Adds what one pixel of the input gives, by one tap of the kernels, to one pixel of the output.
const addPixel = ({ inputs, outputs, size, kernelSize, weight }, values, pixel, tap, sums, to) => {
  for (let i = 0; i < inputs; i++) {
    const value = values[i * size * size + pixel];
    const from = (i * kernelSize ** 2 + tap) * outputs;
    for (let o = 0; o < outputs; o++) sums[to + o] += value * weight[from + o];
  }
};

// Adds the image of one pixel of the input under the whole kernel.
const spreadPixel = (layer, values, pixel, sums) => {
  const { size, width, stride, padding, kernelSize, outputs } = layer;
  const top = Math.floor(pixel / size) * stride - padding;
  const left = (pixel % size) * stride - padding;
  for (let tap = 0; tap < kernelSize ** 2; tap++) {
    const y = top + Math.floor(tap / kernelSize);
    const x = left + (tap % kernelSize);
    const inside = y >= 0 && y < width && x >= 0 && x < width;
    if (inside) addPixel(layer, values, pixel, tap, sums, (y * width + x) * outputs);
  }
};

// A transposed convolution on square images, channel after channel.
const transposed = (layer, values) => {
  const { size, width, outputs, bias } = layer;
  const sums = new Float64Array(outputs * width * width);
  for (let pixel = 0; pixel < size * size; pixel++) spreadPixel(layer, values, pixel, sums);
  const area = width * width;
  return sums.map((_, k) => {
    const channel = Math.floor(k / area);
    return bias[channel] + sums[(k % area) * outputs + channel];
  });
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
