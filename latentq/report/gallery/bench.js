// The bench: the start and the outcomes that the visitor chose, and the controls for them.

const element = (id) => document.getElementById(id);
const say = (id, text) => { element(id).textContent = text; };

const readModel = () => {
  const model = JSON.parse(element("model").textContent);
  model.matrices = unpackKraus(model);
  model.layers = unpackLayers(model.layers);
  model.baseline.layers = unpackLayers(model.baseline.layers);
  return model;
};

const model = readModel();
const STARTS = model.classes || 2 ** model.qubits;
const SEEDS = 2 ** 32;
const EACH = 8;

// The drawn numbers, the outcomes that were forced or drawn, and which state is shown.
const bench = { seed: 0, drawn: null, choices: [], shown: 0 };

const startName = (start) =>
  model.classes ? `digit ${start}` : `basis state ${bitString(start, model.qubits)}`;
const stateName = (step) => `S${model.steps - step}`;
const moments = () => runChain(model, bench.drawn, bench.choices);
const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// A button that cannot be used now keeps the focus of the keyboard.
const allow = (button, allowed) => button.setAttribute("aria-disabled", String(!allowed));
const onPress = (button, action) =>
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-disabled") !== "true") action();
  });

const makeButton = (parent, text, action) => {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  onPress(button, action);
  parent.append(button);
  return button;
};

// --- The start

const makeStarts = () => {
  for (let start = 0; start < STARTS; start++) {
    const [label, input] = [document.createElement("label"), document.createElement("input")];
    Object.assign(input, { type: "radio", name: "start", value: start });
    input.addEventListener("change", () => chooseStart(start));
    const canvas = document.createElement("canvas");
    drawImages(canvas, [new Float64Array(PIXELS ** 2)]);
    const name = model.classes ? String(start) : bitString(start, model.qubits);
    label.append(input, canvas, name);
    element("starts").append(label);
  }
};

// Draws what each start leads to, one start at a time, so that the page stays responsive.
const drawStarts = (start = 0) => {
  if (start === STARTS) return;
  const chains = drawNumbers(start, EACH, model).map((drawn) => ({ ...drawn, start }));
  const images = chains.map((drawn) => decode(model, sampleState(model, drawn)));
  drawImages(element("starts").children[start].querySelector("canvas"), [meanImage(images)]);
  setTimeout(() => drawStarts(start + 1));
};

const chooseSeed = (seed) => {
  stopRun();
  Object.assign(bench, { seed, choices: [], shown: 0 });
  [bench.drawn] = drawNumbers(seed, 1, model);
  element("seed").value = seed;
  element("starts").children[bench.drawn.start].querySelector("input").checked = true;
  showStart(`Seed ${seed} draws ${startName(bench.drawn.start)}.`);
};

const chooseStart = (start) => {
  stopRun();
  Object.assign(bench, { choices: [], shown: 0 });
  bench.drawn = { ...bench.drawn, start };
  showStart(`You chose ${startName(start)}.`);
};

const showStart = (text) => {
  showBench(`${text} It is scrambled: this is ${stateName(0)}.`);
  clearTimeout(showStart.timer);
  showStart.timer = setTimeout(showEndings, 50); // After the picture of the start.
};

const SEED_HELP = "The seed draws a start and all later chance; you may choose another start.";

const readSeed = () => {
  const text = element("seed").value;
  const valid = /^\d+$/.test(text) && Number(text) < SEEDS;
  element("seed").setAttribute("aria-invalid", String(!valid));
  say("seed-help", valid ? SEED_HELP : `The seed must be a whole number from 0 to ${SEEDS - 1}.`);
  if (valid) chooseSeed(Number(text));
};

// --- The steps

const takeStep = (choice) => {
  bench.choices = [...bench.choices.slice(0, bench.shown), choice];
  bench.shown += 1;
  const last = moments()[bench.shown];
  const how = last.forced ? "You forced outcome" : "The measurement gave";
  const chance = `which had probability ${shown(last.probabilities[last.outcome])}`;
  const end = bench.shown === model.steps ? " The digit is done." : "";
  showBench(`${how} ${last.outcome}, ${chance}. This is ${stateName(bench.shown)}.${end}`);
};

const goTo = (step) => {
  bench.shown = step;
  showBench(`This is ${stateName(step)}.`);
};

const runToEnd = () => {
  if (bench.shown === model.steps) return;
  takeStep(null);
  if (isStill()) runToEnd();
  else runToEnd.timer = setTimeout(runToEnd, 700);
};

const stopRun = () => clearTimeout(runToEnd.timer);

const makeTimeline = () => {
  for (let step = 0; step <= model.steps; step++) {
    const item = document.createElement("li");
    const button = makeButton(item, "", () => { stopRun(); goTo(step); });
    button.append(document.createElement("canvas"), stateName(step));
    item.append(document.createElement("small"));
    element("timeline").append(item);
  }
};

const originOf = (moment, step) => {
  if (!moment) return "";
  return step ? `${moment.forced ? "forced" : "drawn"} ${moment.outcome}` : "start";
};

const showTimeline = (found) => {
  [...element("timeline").children].forEach((item, step) => {
    const [button, canvas] = [item.querySelector("button"), item.querySelector("canvas")];
    const [moment, origin] = [found[step], originOf(found[step], step)];
    drawImages(canvas, moment ? [decode(model, moment.state)] : [], 1);
    allow(button, Boolean(moment));
    button.setAttribute("aria-current", step === bench.shown ? "step" : "false");
    button.setAttribute("aria-label", `${stateName(step)}, ${origin || "not reached"}`);
    item.querySelector("small").textContent = origin;
  });
};

const makeMeasurement = () => {
  const row = element("measure");
  const draw = makeButton(row, "Measure", () => { stopRun(); takeStep(null); });
  draw.className = "first";
  for (let m = 0; m < Math.max(...model.outcomes); m++) {
    makeButton(row, `Force ${m}`, () => { stopRun(); takeStep(m); });
    element("parts").append(document.createElement("div"));
  }
};

// The measurement that comes next; at the end of the chain, the last one that was made.
const measurementAt = (moment) => {
  if (bench.shown === model.steps) return moment;
  const { probabilities } = measure(model.matrices[model.steps - 1 - bench.shown], moment.state);
  const number = bench.drawn.numbers[bench.shown];
  return { probabilities, number, outcome: bornOutcome(probabilities, number) };
};

const showParts = ({ probabilities, number, outcome }) => {
  [...element("parts").children].forEach((part, m) => {
    const p = probabilities[m] ?? 0;
    part.hidden = m >= probabilities.length;
    part.style.flex = `${p} 1 0`;
    part.className = m === outcome ? "taken" : "";
    part.textContent = p > 0.15 ? `${m}: ${shown(p)}` : "";
  });
  element("marker").style.left = `${100 * number}%`;
};

const showButtons = ({ probabilities }) => {
  const [draw, ...forced] = element("measure").children;
  const [ended, begun] = [bench.shown === model.steps, bench.shown > 0];
  forced.forEach((button, m) => {
    const absent = m >= probabilities.length;
    // What is hidden would lose the focus of the keyboard.
    if (absent && button === document.activeElement) draw.focus();
    button.hidden = absent;
    allow(button, !ended && probabilities[m] >= LEAST);
  });
  [draw, element("run")].forEach((button) => allow(button, !ended));
  [element("back"), element("restart")].forEach((button) => allow(button, begun));
};

const chancesText = ({ probabilities, number, outcome }) => {
  const list = probabilities.map((p, m) => `${m} with probability ${shown(p)}`).join(", ");
  return `It gives ${list} (the Born rule). The seed's number for this step, ` +
    `${number.toFixed(3)}, is the line across the bar. It lies in the part of ${outcome}, so ` +
    `that “Measure” gives ${outcome}; “Force” takes the outcome that you want.`;
};

const endText = ({ weight }) =>
  `From this start, these outcomes had the probability ${shown(weight)}: the product of those of ` +
  `the ${model.steps} steps. The bar still shows the last one.`;

const showMeasurement = (found) => {
  const moment = found[bench.shown];
  const next = measurementAt(moment);
  showParts(next);
  showButtons(next);
  const ended = bench.shown === model.steps;
  const [here, there] = [stateName(bench.shown), ended ? "" : stateName(bench.shown + 1)];
  say("question", ended
    ? `The chain has ended with the outcomes ${moment.history}`
    : `From ${here} to ${there}: what will the measurement give?`);
  say("chances", ended ? endText(moment) : chancesText(next));
};
