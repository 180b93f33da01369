// Pictures: images on canvases, and what a state is as SVG. All are drawn once, then updated.

const PIXELS = 28;
const SVG = "http://www.w3.org/2000/svg";

const svgNode = (parent, name, attributes = {}, text = "") => {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.textContent = text;
  parent.append(node);
  return node;
};

const bitString = (index, count) => index.toString(2).padStart(count, "0");

// Two decimals, and for what is small two digits.
const shown = (x) => (x === 0 || Math.abs(x) >= 0.095 ? x.toFixed(2) : x.toPrecision(2));

// Draws images beside each other on a canvas whose pixels are those of the images; without
// images the canvas is empty.
const drawImages = (canvas, images, columns = 1, gap = 0) => {
  const rows = Math.max(1, Math.ceil(images.length / columns));
  canvas.width = columns * (PIXELS + gap) - gap;
  canvas.height = rows * (PIXELS + gap) - gap;
  const context = canvas.getContext("2d");
  images.forEach((image, i) => {
    const pixels = context.createImageData(PIXELS, PIXELS);
    image.forEach((x, k) => pixels.data.set([255 * x, 255 * x, 255 * x, 255], 4 * k));
    const [row, column] = [Math.floor(i / columns), i % columns];
    context.putImageData(pixels, column * (PIXELS + gap), row * (PIXELS + gap));
  });
};

const meanImage = (images) =>
  images[0].map((_, k) => images.reduce((sum, image) => sum + image[k], 0) / images.length);

// A square table of squares, with the bits of rows and columns at its edges.
const MARGIN = 46;
const PITCH = 20;

const makeTable = (svg, count) => {
  const size = 2 ** count;
  const end = MARGIN + size * PITCH;
  svg.setAttribute("viewBox", `0 0 ${end + 2} ${end + 2}`);
  svgNode(svg, "rect", {
    class: "frame", x: MARGIN, y: MARGIN, width: size * PITCH, height: size * PITCH,
  });
  for (let i = 0; i < size; i++) {
    const middle = MARGIN + (i + 0.5) * PITCH;
    const bits = bitString(i, count);
    const left = { class: "bits", x: MARGIN - 6, y: middle + 4, "text-anchor": "end" };
    svgNode(svg, "text", left, bits);
    const turned = `translate(${middle + 4} ${MARGIN - 6}) rotate(-90)`;
    svgNode(svg, "text", { class: "bits", transform: turned }, bits);
  }
  return Array.from({ length: size * size }, () => {
    const square = svgNode(svg, "rect");
    return { square, title: svgNode(square, "title") };
  });
};

// Gives the squares their areas; that of the largest value fills its cell.
const updateTable = (cells, values) => {
  const size = Math.sqrt(cells.length);
  const largest = Math.max(...values.map(Math.abs), 1e-12);
  cells.forEach(({ square }, k) => {
    const side = (PITCH - 1) * Math.sqrt(Math.abs(values[k]) / largest);
    const middle = (place) => MARGIN + (place + 0.5) * PITCH - side / 2;
    square.setAttribute("x", middle(k % size));
    square.setAttribute("y", middle(Math.floor(k / size)));
    square.setAttribute("width", side);
    square.setAttribute("height", side);
  });
  return largest;
};

const degrees = (angle) => Math.round((angle * 180) / Math.PI);

// The density matrix: areas are magnitudes, hues are phases.
const densityPicture = (svg, count) => {
  const cells = makeTable(svg, count);
  const size = 2 ** count;
  return (state) => {
    const entries = cells.map((_, k) => densityEntry(state, Math.floor(k / size), k % size));
    const sizes = entries.map(([x, y]) => Math.hypot(x, y));
    const largest = updateTable(cells, sizes);
    cells.forEach(({ square, title }, k) => {
      const phase = sizes[k] < 1e-9 ? 0 : degrees(Math.atan2(entries[k][1], entries[k][0]));
      square.style.setProperty("--phase", phase);
      square.setAttribute("class", "phase");
      const [row, column] = [Math.floor(k / size), k % size].map((i) => bitString(i, count));
      const told = sizes[k].toFixed(4);
      title.textContent = `row ${row}, column ${column}: size ${told}, phase ${phase}°`;
    });
    return { largest, chances: entries.flatMap(([x], k) => (k % (size + 1) ? [] : [x])) };
  };
};

// The Wigner function: areas are values, colours are signs.
const wignerPicture = (svg, count) => {
  const cells = makeTable(svg, count);
  const size = 2 ** count;
  return (state) => {
    const values = [...wigner(state)];
    const largest = updateTable(cells, values);
    cells.forEach(({ square, title }, k) => {
      square.setAttribute("class", values[k] < 0 ? "minus" : "plus");
      const [row, column] = [Math.floor(k / size), k % size].map((i) => bitString(i, count));
      title.textContent = `q = ${row}, p = ${column}: W = ${values[k].toFixed(4)}`;
    });
    const below = values.filter((x) => x < 0).reduce((sum, x) => sum - x, 0);
    return { largest, negativity: below };
  };
};

const LINE_WIDTH = 13;
const RADIUS = 30;

const placesOn = (count) =>
  Array.from({ length: count }, (_, q) => {
    const angle = 2 * Math.PI * (q / count) - 0.75 * Math.PI;
    return [180 + 125 * Math.cos(angle), 180 + 125 * Math.sin(angle)];
  });

// A bond and the label on it, which is off its middle, where bonds would cross.
const makeBond = (svg, labels, [[a, b], [c, d]]) => {
  const line = svgNode(svg, "line", { class: "bond", x1: a, y1: b, x2: c, y2: d });
  const [x, y] = [a + 0.37 * (c - a), b + 0.37 * (d - b)];
  return { line, label: svgNode(labels, "text", { class: "value", x, y: y + 4 }) };
};

// A qubit: a disc that fills up from below with its entropy.
const makeQubit = (svg, q, [x, y]) => {
  svgNode(svg, "circle", { class: "qubit", cx: x, cy: y, r: RADIUS });
  const clip = svgNode(svg, "clipPath", { id: `level-${q}` });
  const level = svgNode(clip, "rect", { x: x - RADIUS, width: 2 * RADIUS });
  const disc = { class: "entropy", cx: x, cy: y, r: RADIUS, "clip-path": `url(#level-${q})` };
  svgNode(svg, "circle", disc);
  svgNode(svg, "text", { class: "name", x, y: y - 4 }, `qubit ${q}`);
  const label = svgNode(svg, "text", { class: "value", x, y: y + 12 });
  return (bits) => {
    level.setAttribute("y", y + RADIUS - 2 * RADIUS * bits);
    level.setAttribute("height", 2 * RADIUS * bits);
    label.textContent = bits.toFixed(2);
  };
};

// Who is entangled with whom: the entropy of each qubit, the mutual information of each pair.
const entanglementPicture = (svg, count) => {
  svg.setAttribute("viewBox", "48 48 264 264");
  const places = placesOn(count);
  const [lines, labels] = [svgNode(svg, "g"), svgNode(svg, "g")];
  const pairs = places.flatMap((_, i) => places.slice(i + 1).map((_, k) => [i, i + 1 + k]));
  const bonds = pairs.map(([i, j]) => makeBond(lines, labels, [places[i], places[j]]));
  const qubits = places.map((place, q) => makeQubit(svg, q, place));
  return (state) => {
    const { single, mutual } = entanglement(state);
    qubits.forEach((update, q) => update(Math.min(1, single[q])));
    bonds.forEach(({ line, label }, k) => {
      const bits = mutual[pairs[k][0]][pairs[k][1]];
      line.style.strokeWidth = (LINE_WIDTH * bits) / 2;
      label.textContent = bits < 0.005 ? "" : bits.toFixed(2);
    });
    return { single, mutual, pairs };
  };
};

// The hues of the phases, as a strip from -180 to 180 degrees.
const phaseLegend = (svg) => {
  svg.setAttribute("viewBox", "0 0 360 34");
  for (let k = 0; k < 36; k++) {
    const place = { x: 10 * k, y: 0, width: 10.5, height: 14 };
    const strip = svgNode(svg, "rect", { class: "phase", ...place });
    strip.style.setProperty("--phase", 10 * k - 175);
  }
  for (const [x, anchor, text] of [
    [0, "start", "−180°"], [90, "middle", "−90°"], [180, "middle", "0°"],
    [270, "middle", "90°"], [360, "end", "180°"],
  ]) {
    svgNode(svg, "text", { class: "bits", x, y: 30, "text-anchor": anchor }, text);
  }
};
