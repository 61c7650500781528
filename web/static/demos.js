// The demos of the site.  Each has JupyterLab's panel of controls, but the model answers in the page.

const charrnnDemos = (() => {
  const model = charrnn.load(charrnnWeights);
  const steps = (from, to, by) =>
    Array.from({ length: Math.round((to - from) / by) + 1 }, (_, i) => String(+(from + i * by).toFixed(2)));
  const show = (char) => (char === " " ? "␣" : char === "<unk>" ? "?" : char);
  const escape = (text) => text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);

  // What controls.js takes for a kernel: it keeps the values, and hands changes to the demo.
  function panel(el, title, spec, now, { change, click }) {
    const data = {
      title, spec, zoom: 1, values: { now }, answered: 0, heard: true, picture: "", message: "",
      pressed: {}, disabled: [], notes: null,
    };
    const listeners = {};
    const kernel = {
      get: (key) => data[key],
      on: (event, listener) => (listeners[event] = listener),
      off: (event) => delete listeners[event],
      set: (key, value) => {
        data[key] = value;
        listeners[`change:${key}`]?.();
      },
      send: (content) => setTimeout(() => kernel.answer(content)), // later, as a real kernel does
      answer: (content) => {
        if (content.set && Object.keys(content.set).length) {
          data.values = { now: { ...data.values.now, ...content.set } };
          change?.(data.values.now);
        }
        if (content.click) click?.(content.click);
        if (content.number) kernel.set("answered", content.number);
      },
      now: () => data.values.now,
      put: (values) => kernel.set("values", { now: { ...data.values.now, ...values } }),
    };
    charrnnControls.render({ model: kernel, el });
    return kernel;
  }

  // Put the parts of a panel in the order in which they are looked at, and return them.
  function inOrder(el, ...names) {
    const parts = names.map((name) => el.querySelector(`.charrnn-${name}`)).filter(Boolean);
    el.querySelector(".charrnn-panel").append(...parts);
    return parts;
  }

  // Return the text as the model reads it, or an error message.
  function readable(text) {
    const clean = charrnn.preprocess(text);
    const odd = [...clean].find((char) => !model.vocab.includes(char));
    if (odd) return { error: `The model has never seen ${odd}: use only the letters a to z and spaces.` };
    if (!clean) return { error: "Type at least one character." };
    return { clean };
  }

  function bars(probs) {
    const order = [...probs.keys()].filter((id) => model.vocab[id] !== "<unk>");
    const columns = order.map((id, i) => {
      const height = 100 * probs[id];
      const letter = `<text x="${24 * i + 12}" y="126" text-anchor="middle">${show(model.vocab[id])}</text>`;
      const ground = `<rect class="charrnn-ground" x="${24 * i}" y="0" width="24" height="134"/>`;
      return `<g data-id="${id}">${ground}<rect x="${24 * i + 3}" y="${108 - height}" width="18" height="${height}"/>${letter}</g>`;
    });
    const best = [...probs.keys()].sort((a, b) => probs[b] - probs[a]).slice(0, 3);
    const words = best.map((id) => `${show(model.vocab[id])} ${Math.round(100 * probs[id])}%`).join(", ");
    return `<svg class="charrnn-bars" viewBox="0 0 ${24 * order.length} 134" role="img"
      aria-label="The next character: ${escape(words)}"><line x1="0" x2="${24 * order.length}" y1="108.5" y2="108.5"/>${columns.join("")}</svg>`;
  }

  // A book that goes on writing; this many characters stay on the page.
  const SHOWN = 240;
  const GROWS = 45; // characters from one look at the training to the next
  const steps27 = ["off", ...steps(1, 27, 1)];
  const PRESETS = { cold: ["Cold", 4], book: ["As it learned", 10], hot: ["Hot", 14], greedy: ["Greedy", 0] };

  // With data-grows, a slider goes back to earlier weights of the same network.
  function writer(el) {
    const looks = "grows" in el.dataset ? charrnnGrowth.looks : [];
    const networks = looks.map((look) => charrnn.loadBytes(model.vocab, look.weights));
    const temperatures = steps(0, 1.5, 0.1);
    const topPs = ["off", ...steps(0.5, 0.95, 0.05)];
    const slider = (name, label, labels) => ({ kind: "slider", name, label, labels });
    const button = (name, label) => ({ kind: "button", name, label, labels: [] });
    const spec = [
      ...(looks.length ? [slider("training", "training", looks.map(trained))] : []),
      { kind: "text", name: "prefix", label: "it begins with", labels: [] },
      slider("temperature", "temperature", temperatures),
      ...(looks.length ? [] : [slider("topK", "top-k", steps27), slider("topP", "top-p", topPs)]),
      button("play", "Write"),
      button("step", "One character"),
      button("again", "Begin again"),
      ...(looks.length ? Object.entries(PRESETS).map(([name, [label]]) => button(name, label)) : []),
    ];
    let text, H, timer = null, began, empty = false;
    const network = () => networks[kernel.now().training] ?? model;
    const settings = () => {
      const now = kernel.now();
      const number = (labels, name) => (!(name in now) || labels[now[name]] === "off" ? null : Number(labels[now[name]]));
      return {
        temperature: number(temperatures, "temperature"), topK: number(steps27, "topK"), topP: number(topPs, "topP"),
      };
    };
    const probs = () => charrnn.nextProbs(charrnn.logits(network(), H), settings());
    const draw = () => {
      const own = escape(text.slice(began).slice(-SHOWN));
      const start = text.length - began < SHOWN ? `<b>${escape(text.slice(0, began))}</b>` : "\u2026 ";
      const board = looks.length ? ladder(looks[kernel.now().training]) : "";
      kernel.set("picture", `<p class="charrnn-book">${start}${own}</p>${bars(probs())}${board}`);
    };
    const reread = () => (H = charrnn.read(network(), text.slice(-200)).at(-1));
    const begin = () => {
      const { clean, error } = readable(kernel.now().prefix);
      kernel.set("message", error ?? "");
      empty = Boolean(error);
      if (error) return;
      text = clean;
      began = text.length;
      reread();
      draw();
    };
    const add = (id) => {
      text += model.vocab[id] === "<unk>" ? " " : model.vocab[id];
      H = charrnn.step(network(), id, H);
      draw();
    };
    const write = () => empty || add(charrnn.draw(probs(), Math.random()));
    let grown = looks.length ? 0 : Infinity; // characters written while it grows by itself
    const grow = () => {
      if (grown === Infinity) return;
      grown += 1;
      const training = Math.min(Math.floor(grown / GROWS), looks.length - 1);
      if (training === looks.length - 1) grown = Infinity;
      if (training === kernel.now().training) return;
      before = { ...before, training };
      kernel.put({ training });
      reread();
    };
    const press = () => {
      const chosen = Object.entries(PRESETS).map(([name, [, at]]) => [name, at === kernel.now().temperature]);
      kernel.set("pressed", { play: timer !== null, ...(looks.length ? Object.fromEntries(chosen) : {}) });
    };
    const play = (on) => {
      clearInterval(timer);
      timer = on ? setInterval(() => (grow(), write()), 80) : null;
      press();
      el.querySelector("[data-name=play]").textContent = on ? "Pause" : "Write";
    };
    const click = (name) => {
      if (name === "play") play(timer === null && !empty);
      if (name === "step") write();
      if (name === "again") begin();
      if (name in PRESETS) {
        kernel.put({ temperature: PRESETS[name][1] });
        press();
        draw();
      }
    };
    const plays = "plays" in el.dataset && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    let before = { prefix: "the time traveller ", training: plays && looks.length ? 0 : looks.length - 1 };
    const change = (now) => {
      if (now.prefix !== before.prefix) begin();
      else if (!empty) {
        if (now.training !== before.training) {
          grown = Infinity; // from here on, the reader decides
          reread();
        }
        press();
        draw();
      }
      before = now;
    };
    const first = { ...before, temperature: 7, ...(looks.length ? {} : { topK: 0, topP: 0 }) };
    const kernel = panel(el, "A book that goes on writing", spec, first, { change, click });
    const choose = (id) => {
      if (empty) return;
      play(false); // each letter replaces the bars, and a click needs one that stays
      add(id); // it goes on with this letter
    };
    el.addEventListener("pointerdown", (event) => {
      const bar = event.target.closest("[data-id]");
      if (bar) choose(Number(bar.dataset.id));
    });
    const [picture] = inOrder(el, "picture", "message", "rows", "buttons");
    picture.tabIndex = 0; // a key stands for a bar
    picture.addEventListener("keydown", ({ key, ctrlKey, metaKey, altKey }) => {
      const id = model.vocab.indexOf(key.toLowerCase());
      if (id >= 0 && !ctrlKey && !metaKey && !altKey) choose(id);
    });
    begin();
    if (!plays) grown = Infinity;
    play(plays);
  }

  const trained = ({ update }) =>
    update === 0 ? "nothing" : update < 136 ? `${update} updates` : `${update / 136} epoch${update > 136 ? "s" : ""}`;

  // The perplexity of a look on one axis with the counting models; smaller is better, to the right.
  function ladder({ loss }) {
    const x = (nats) => 660 - (620 * (nats - 1.2)) / 2.2;
    const rivals = Object.entries(charrnnGrowth["n-grams"]).map(([name, nats]) => {
      const where = x(nats).toFixed(0);
      return `<line x1="${where}" x2="${where}" y1="30" y2="46"/><text x="${where}" y="64" text-anchor="middle">${name}</text>
        <text x="${where}" y="83" text-anchor="middle">${Math.exp(nats).toFixed(1)}</text>`;
    });
    const perplexity = Math.exp(loss).toFixed(1);
    return `<svg class="charrnn-bars charrnn-ladder" viewBox="0 0 680 88" role="img"
      aria-label="Perplexity ${perplexity}, beside counting models"><line x1="20" x2="670" y1="38" y2="38"/>
      ${rivals.join("")}<circle cx="${x(loss).toFixed(0)}" cy="38" r="7"/>
      <text x="${Math.min(590, Math.max(95, x(loss))).toFixed(0)}" y="20" text-anchor="middle">perplexity ${perplexity}</text></svg>`;
  }

  // The hidden state while it reads: a column for each character, a row for each unit.
  function state(el) {
    const spec = [
      { kind: "text", name: "text", label: "it reads", labels: [] },
      { kind: "slider", name: "place", label: "characters read", labels: steps(1, 60, 1) },
    ];
    const color = (h) => (h > 0 ? [213, 94, 0] : [0, 114, 178]).map((c) => 255 + (c - 255) * Math.abs(h));
    const change = (now) => {
      const { clean, error } = readable(now.text.slice(0, 60));
      kernel.set("message", error ?? "");
      if (error) return;
      const states = charrnn.read(model, clean).slice(1);
      const place = Math.min(now.place, states.length - 1);
      if (place < now.place) kernel.put({ place });
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [states.length, model.numHiddens];
      const context = canvas.getContext("2d");
      const image = context.createImageData(canvas.width, canvas.height);
      states.forEach((H, x) =>
        H.forEach((h, y) => image.data.set([...color(h), x <= place ? 255 : 0], 4 * (y * canvas.width + x))),
      );
      context.putImageData(image, 0, 0);
      const letters = [...clean].map((char, i) => `<span>${i <= place ? `<b>${show(char)}</b>` : show(char)}</span>`);
      kernel.set("picture", `<img class="charrnn-state" src="${canvas.toDataURL()}" alt="The hidden state after each
        character: ${model.numHiddens} rows, orange for numbers near 1, blue for numbers near -1">
        <p class="charrnn-cells">${letters.join("")}</p>${bars(charrnn.softmax(charrnn.logits(model, states[place])))}`);
    };
    const kernel = panel(el, "The hidden state", spec, { text: "the time traveller smiled round at us", place: 17 }, { change });
    change(kernel.now());
  }

  // Shannon's guessing game, against the model.
  function game(el) {
    const text = charrnnWeights.text;
    const spec = [
      { kind: "text", name: "guess", label: "your guess (a letter or a space)", labels: [] },
      { kind: "button", name: "elsewhere", label: "Another place", labels: [] },
    ];
    let place = 60, H, score = { you: 0, model: 0, all: 0 };
    const draw = () => kernel.set("picture", `<p class="charrnn-book">${escape(text.slice(Math.max(0, place - 200), place))}<b>▁</b></p>`);
    const go = (where) => {
      place = where;
      H = charrnn.read(model, text.slice(place - 60, place)).at(-1);
      draw();
    };
    const change = (now) => {
      const guess = charrnn.preprocess(now.guess).at(-1);
      if (!guess) return;
      const O = charrnn.logits(model, H);
      const theirs = model.vocab[O.indexOf(Math.max(...O))];
      const actual = text[place];
      score = { you: score.you + (guess === actual), model: score.model + (theirs === actual), all: score.all + 1 };
      kernel.set("message", `The character was ${show(actual)}. You guessed ${show(guess)}, and the model guessed ${show(theirs)}. Out of ${score.all}, you have guessed ${score.you} right, and the model ${score.model}.`);
      H = charrnn.step(model, model.vocab.indexOf(actual), H);
      place += 1;
      kernel.put({ guess: "" });
      if (place >= text.length) go(60);
      else draw();
    };
    const click = () => go(60 + Math.floor(Math.random() * (text.length - 120)));
    const kernel = panel(el, "The guessing game", spec, { guess: "" }, { change, click });
    inOrder(el, "picture", "message", "rows", "buttons");
    go(60);
  }

  // A demo drawn beforehand (tools/grids.py): its controls, and a picture for each position of them.
  function drawn(el, { title, spec, now, pieces, pictures }) {
    const change = (at) => {
      const index = spec.reduce((sum, { name, labels }) => sum * labels.length + at[name], 0);
      const box = el.querySelector(".charrnn-picture");
      const before = [...box.querySelectorAll("svg *")];
      kernel.set("picture", pictures[index].map((piece) => pieces[piece]).join(""));
      if (before.length && box.scrollWidth > box.clientWidth) follow(box, before);
    };
    el.replaceChildren(); // the still picture, for pages that are printed or have no scripts
    const start = { ...now, ...JSON.parse(el.dataset.start ?? "{}") };
    const kernel = panel(el, title, spec, start, { change });
    change(start);
  }

  // On a narrow page, move a picture sideways to where it has changed.
  function follow(box, before) {
    const changed = [...box.querySelectorAll("svg *")]
      .filter((part, k) => !part.children.length && part.outerHTML !== before[k]?.outerHTML)
      .map((part) => part.getBoundingClientRect())
      .filter(({ width, height }) => width + height);
    if (!changed.length) return;
    const { left, width } = box.getBoundingClientRect();
    const middle = changed.reduce((sum, part) => sum + part.left + part.width / 2, 0) / changed.length;
    if (middle < left + 0.15 * width || middle > left + 0.85 * width) box.scrollLeft += middle - left - width / 2;
  }

  async function unpack(base64) {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const whole = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(whole).json();
  }

  const demos = { writer, state, game };
  document.addEventListener("DOMContentLoaded", async () => {
    for (const el of document.querySelectorAll("[data-demo]")) demos[el.dataset.demo](el);
    const places = document.querySelectorAll("[data-grid]");
    if (!places.length) return;
    const grids = await unpack(charrnnGrids);
    for (const el of places) drawn(el, grids[el.dataset.grid]);
    dispatchEvent(new Event("resize")); // page.js looks at what has grown
  });
  return { model };
})();
