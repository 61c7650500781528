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
      const label = `<text x="${24 * i + 12}" y="126" text-anchor="middle">${show(model.vocab[id])}</text>`;
      return `<rect x="${24 * i + 3}" y="${108 - height}" width="18" height="${height}"/>${label}`;
    });
    const best = [...probs.keys()].sort((a, b) => probs[b] - probs[a]).slice(0, 3);
    const words = best.map((id) => `${show(model.vocab[id])} ${Math.round(100 * probs[id])}%`).join(", ");
    return `<svg class="charrnn-bars" viewBox="0 0 ${24 * order.length} 134" role="img"
      aria-label="The next character: ${escape(words)}"><line x1="0" x2="${24 * order.length}" y1="108.5" y2="108.5"/>${columns.join("")}</svg>`;
  }

  // A book that goes on writing; this many characters stay on the page.
  const SHOWN = 240;
  function writer(el) {
    const temperatures = steps(0, 1.5, 0.1);
    const topKs = ["off", ...steps(1, 27, 1)];
    const topPs = ["off", ...steps(0.5, 0.95, 0.05)];
    const slider = (name, label, labels) => ({ kind: "slider", name, label, labels });
    const spec = [
      { kind: "text", name: "prefix", label: "it begins with", labels: [] },
      slider("temperature", "temperature", temperatures),
      slider("topK", "top-k", topKs),
      slider("topP", "top-p", topPs),
      { kind: "button", name: "play", label: "Write", labels: [] },
      { kind: "button", name: "step", label: "One character", labels: [] },
      { kind: "button", name: "again", label: "Begin again", labels: [] },
    ];
    let text, H, timer = null, began;
    const settings = () => {
      const now = kernel.now();
      const number = (labels, name) => (labels[now[name]] === "off" ? null : Number(labels[now[name]]));
      return {
        temperature: number(temperatures, "temperature"), topK: number(topKs, "topK"), topP: number(topPs, "topP"),
      };
    };
    const probs = () => charrnn.nextProbs(charrnn.logits(model, H), settings());
    const draw = () => {
      const own = escape(text.slice(began).slice(-SHOWN));
      const start = text.length - began < SHOWN ? `<b>${escape(text.slice(0, began))}</b>` : "… ";
      kernel.set("picture", `<p class="charrnn-book">${start}${own}</p>${bars(probs())}`);
    };
    const begin = () => {
      const { clean, error } = readable(kernel.now().prefix);
      kernel.set("message", error ?? "");
      if (error) return play(false);
      text = clean;
      began = text.length;
      H = charrnn.read(model, text).at(-1);
      draw();
    };
    const write = () => {
      const id = charrnn.draw(probs(), Math.random());
      text += model.vocab[id] === "<unk>" ? " " : model.vocab[id];
      H = charrnn.step(model, id, H);
      draw();
    };
    const play = (on) => {
      clearInterval(timer);
      timer = on ? setInterval(write, 80) : null;
      kernel.set("pressed", { play: on });
    };
    const click = (name) => {
      if (name === "play") play(timer === null);
      if (name === "step") write();
      if (name === "again") begin();
    };
    let prefix = "the time traveller ";
    const change = (now) => {
      if (now.prefix !== prefix) begin();
      else draw();
      prefix = now.prefix;
    };
    const kernel = panel(el, "A book that goes on writing", spec, { prefix, temperature: 7, topK: 0, topP: 0 }, { change, click });
    begin();
    play("plays" in el.dataset && !matchMedia("(prefers-reduced-motion: reduce)").matches);
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
        H.forEach((h, y) => image.data.set([...color(h), x <= place ? 255 : 60], 4 * (y * canvas.width + x))),
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
    go(60);
  }

  const demos = { writer, state, game };
  document.addEventListener("DOMContentLoaded", () => {
    for (const el of document.querySelectorAll("[data-demo]")) demos[el.dataset.demo](el);
  });
  return { model };
})();
