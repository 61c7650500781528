// The front end of controls.Panel: the browser's own sliders, text fields, and buttons, each with
// its name, in Tab order; below them are a picture and a line of text.
//
// User actions are sent as custom messages.  A change of a synchronized value would have to wait
// until the kernel has answered the previous one, which may be stuck behind a busy cell.

let panels = 0;

// data-lm-suppress-shortcuts sends keys to the control that has the focus, not to the notebook.
function element(parent, tag, attributes = {}, text = "") {
  const node = parent.appendChild(document.createElement(tag));
  node.setAttribute("data-lm-suppress-shortcuts", "true");
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.textContent = text;
  return node;
}

function render({ model, el }) {
  const id = `charrnn-${++panels}`;
  const panel = element(el, "div", {
    class: "charrnn-panel",
    role: "group",
    "aria-label": model.get("title"),
    style: `--charrnn-zoom: ${model.get("zoom")}`,
  });
  const rows = element(panel, "div", { class: "charrnn-rows" });
  const buttons = element(panel, "div", { class: "charrnn-buttons" });
  const picture = element(panel, "div", { class: "charrnn-picture" });
  const message = element(panel, "p", { class: "charrnn-message", role: "status" });
  const notes = element(panel, "details", { class: "charrnn-notes" });
  const controls = {}; // name: input or button
  const refreshers = [];

  // Give the focus back to the notebook's cell, where keyboard shortcuts work.
  const leave = () => el.closest(".jp-Cell")?.focus();
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    leave();
  });

  const deliver = (content) => {
    try {
      model.send(content);
    } catch {
      message.textContent = "These controls have lost their kernel: run the cell again.";
    }
  };

  // JupyterLab opens a channel past a busy cell when the first widget appears.  Earlier messages
  // wait behind that cell, so repeat the greeting until Python has heard it, and only then send.
  const queue = [];
  const send = (content) => (model.get("heard") ? deliver(content) : queue.push(content));
  const heard = () => {
    if (!model.get("heard")) return;
    panel.dataset.heard = "yes";
    queue.splice(0).forEach(deliver);
  };
  let greeting;
  const greet = (pause) => {
    if (model.get("heard")) return;
    deliver({ hello: 1 });
    greeting = setTimeout(() => greet(Math.min(2 * pause, 2000)), pause);
  };

  // Only one change is under way at a time, and the latest waits: a drag cannot flood the kernel.
  let waiting = {};
  let sent = 0;
  let sentAt = 0;
  const flush = () => {
    const underWay = sent > model.get("answered") && Date.now() - sentAt < 1000;
    if (underWay || Object.keys(waiting).length === 0) return;
    sentAt = Date.now();
    send({ set: waiting, number: ++sent });
    waiting = {};
  };
  const timer = setInterval(flush, 250); // in case an answer is lost
  const change = (name, value) => {
    waiting[name] = value;
    flush();
  };

  for (const { kind, name, label, labels } of model.get("spec")) {
    if (kind === "button") {
      const button = element(buttons, "button", { type: "button", "data-name": name }, label);
      controls[name] = button;
      button.addEventListener("click", () => {
        send({ set: waiting, click: name, number: ++sent }); // a waiting change goes first
        waiting = {};
      });
      continue;
    }
    const row = element(rows, "div", { class: "charrnn-row" });
    element(row, "label", { for: `${id}-${name}` }, label);
    const tag = kind === "choice" ? "select" : "input"; // a choice is for pages without Python
    const input = element(row, tag, { id: `${id}-${name}`, "data-name": name });
    controls[name] = input;
    if (kind === "keys") {
      const plain = { type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: false };
      for (const [key, value] of Object.entries(plain)) input.setAttribute(key, value);
      input.addEventListener("input", () => {
        if (input.value) send({ keys: { [name]: input.value }, number: ++sent });
        input.value = "";
      });
    } else if (kind === "choice") {
      labels.forEach((text, value) => element(input, "option", { value }, text));
      refreshers.push(() => (input.value = model.get("values").now[name]));
      input.addEventListener("input", () => change(name, Number(input.value)));
    } else if (kind === "slider") {
      for (const [key, value] of Object.entries({ type: "range", min: 0, step: 1 }))
        input.setAttribute(key, value);
      input.max = labels.length - 1;
      const readout = element(row, "output", { for: input.id });
      const read = () => {
        readout.textContent = labels[Number(input.value)];
        input.setAttribute("aria-valuetext", readout.textContent);
      };
      refreshers.push(() => {
        input.value = model.get("values").now[name];
        read();
      });
      input.addEventListener("input", () => {
        read();
        change(name, Number(input.value));
      });
    } else {
      for (const [key, value] of Object.entries({ type: "text", maxlength: 200, spellcheck: false }))
        input.setAttribute(key, value);
      refreshers.push(() => {
        if (input.value !== model.get("values").now[name]) input.value = model.get("values").now[name];
      });
      input.addEventListener("input", () => change(name, input.value));
    }
  }

  const disable = () => {
    for (const [name, control] of Object.entries(controls)) {
      const focused = control === document.activeElement;
      control.disabled = model.get("disabled").includes(name);
      if (focused && control.disabled) leave();
    }
  };
  const press = () => {
    for (const [name, down] of Object.entries(model.get("pressed")))
      controls[name].setAttribute("aria-pressed", down);
  };
  const note = () => {
    const lines = model.get("notes");
    notes.hidden = lines === null;
    if (lines === null) return;
    if (!notes.hasChildNodes()) element(notes, "summary");
    const last = lines.length ? `, the last: ${lines.at(-1)}` : "";
    notes.firstChild.textContent = `Changes so far: ${lines.length}${last}`;
    notes.querySelector("ol")?.remove();
    const list = element(notes, "ol");
    lines.forEach((line) => element(list, "li", {}, line));
  };

  const listeners = {
    "change:picture": () => (picture.innerHTML = model.get("picture")),
    "change:message": () => {
      message.textContent = model.get("message");
      message.classList.toggle("charrnn-alarm", /^(Alarm|Diverged)/.test(message.textContent));
    },
    "change:values": () => refreshers.forEach((refresher) => refresher()),
    "change:disabled": disable,
    "change:pressed": press,
    "change:notes": note,
    "change:answered": flush,
    "change:heard": heard,
  };
  for (const [event, listener] of Object.entries(listeners)) {
    listener();
    model.on(event, listener);
  }
  greet(100);
  return () => {
    clearInterval(timer);
    clearTimeout(greeting);
    for (const [event, listener] of Object.entries(listeners)) model.off(event, listener);
  };
}

export default { render };
