// The page: what is shown of the bench, samples, and the check of the page by itself.

// --- The pictures

const GRID = 64;

const PICTURES = {
  density: densityPicture(element("density"), model.qubits),
  wigner: wignerPicture(element("wigner"), model.qubits),
  entanglement: entanglementPicture(element("entanglement"), model.qubits),
};

const describe = (id, text) => {
  say(`${id}-caption`, text);
  element(id).setAttribute("aria-label", text);
};

const showPictures = ({ state }) => {
  drawImages(element("image"), [decode(model, state)]);
  describe("image", `What the decoder makes of ${stateName(bench.shown)}.`);
  const { largest, chances } = PICTURES.density(state);
  const top = chances.indexOf(Math.max(...chances));
  describe("density", `The most probable basis state is ${bitString(top, model.qubits)}, with ` +
    `${shown(chances[top])}; the largest square stands for ${shown(largest)}.`);
  const { single, mutual, pairs } = PICTURES.entanglement(state);
  const [i, j] = pairs.reduce((a, b) => (mutual[b[0]][b[1]] > mutual[a[0]][a[1]] ? b : a));
  const entropies = single.map((bits) => bits.toFixed(2)).join(", ");
  describe("entanglement", `Entropies of the qubits: ${entropies} bits. Qubits ${i} and ${j} ` +
    `share most, ${mutual[i][j].toFixed(2)} bits.`);
  const found = PICTURES.wigner(state);
  const below = found.negativity < 5e-4
    ? "no cell is negative"
    : `the negative cells sum to −${shown(found.negativity)}`;
  describe("wigner", `The largest square stands for ${shown(found.largest)}; ${below}.`);
};

const showBench = (text) => {
  const found = moments();
  showTimeline(found);
  showMeasurement(found);
  showPictures(found[bench.shown]);
  say("status", text);
};

// --- All endings

const ENDINGS = 32;

const endingsText = (endings, count) => {
  const sum = shown(endings.slice(0, count).reduce((all, { weight }) => all + weight, 0));
  const part = count < endings.length
    ? `The ${count} most probable are shown, which together have probability ${sum}. `
    : "";
  return `${model.steps} measurements can end in ${endings.length} ways. ${part}The most ` +
    `probable, ${endings[0].history}, has ${shown(endings[0].weight)}.`;
};

const showEndings = () => {
  const endings = allEndings(model, bench.drawn).sort((a, b) => b.weight - a.weight);
  const items = endings.slice(0, ENDINGS).map(({ state, history, weight }) => {
    const item = document.createElement("div");
    const [canvas, bar] = [document.createElement("canvas"), document.createElement("i")];
    drawImages(canvas, [decode(model, state)]);
    bar.style.width = `${(100 * weight) / endings[0].weight}%`;
    item.append(canvas, bar, history);
    return item;
  });
  element("endings").replaceChildren(...items);
  describe("endings", endingsText(endings, items.length));
};

// --- Samples

const showSamples = (seed) => {
  const images = drawNumbers(seed, GRID, model).map((x) => decode(model, sampleState(model, x)));
  drawImages(element("samples"), images, 8, 4);
  drawImages(element("baseline"), sampleBaseline(model.baseline, seed, GRID), 8, 4);
  element("samples").setAttribute("aria-label", `${GRID} digits of the quantum model`);
  element("baseline").setAttribute("aria-label", `${GRID} digits of the VAE`);
  say("samples-status", `Seed ${seed}: ${GRID} digits of each model.`);
  say("command", `latentq sample checkpoint=${model.name} n=${GRID} seed=${seed}`);
};

const showCheck = () => {
  const gaps = selfCheck(model);
  const states = Math.max(gaps.draws, gaps.states, gaps.entropies, gaps.mutual, gaps.wigner);
  const images = Math.max(gaps.latents, gaps.images, gaps.baselineImages);
  say("check", checkPasses(gaps)
    ? `The page has checked itself: its states agree with those of Python within ` +
      `${states.toExponential(0)}, its images within ${images.toExponential(0)}.`
    : "The page has checked itself, and its numbers differ from those of Python: do not trust it.");
};

const newSeed = () => crypto.getRandomValues(new Uint32Array(1))[0];

const listen = () => {
  element("seed").addEventListener("change", readSeed);
  element("new-seed").addEventListener("click", () => {
    element("seed").value = newSeed();
    readSeed();
  });
  onPress(element("back"), () => { stopRun(); goTo(bench.shown - 1); });
  onPress(element("restart"), () => { stopRun(); goTo(0); });
  onPress(element("run"), () => { stopRun(); runToEnd(); });
  onPress(element("draw"), () => showSamples(newSeed()));
};

// For the console of the browser, and for tests, which also hand it numbers of their own.
window.selfCheck = (check = model.check) => selfCheck({ ...model, check });
makeStarts();
makeTimeline();
makeMeasurement();
phaseLegend(element("legend"));
listen();
say("seed-help", SEED_HELP);
chooseSeed(0);
// What takes longer comes when the page can be used.
const showRest = () => { showSamples(0); drawStarts(); showCheck(); };
addEventListener("load", () => setTimeout(showRest, 100));
