// A prediction: what follows is hidden until there is an answer, or until somebody asks for it.
// After it, the question itself says what came out, and why.
function ask(form) {
  const after = []; // up to the next section or question
  for (let next = form.nextElementSibling; next; next = next.nextElementSibling) {
    if (next.matches("section, [data-asks]")) break;
    after.push(next);
  }
  const outcomes = document.querySelectorAll(`.tag_outcome-${form.dataset.asks} .cell_output`);
  after.push(...[...outcomes].filter((box) => !after.some((part) => part.contains(box)))); // elsewhere
  const status = form.querySelector("[role=status]");
  const show = (hidden) => {
    for (const part of [...after, form.querySelector(".charrnn-outcome")]) part.hidden = hidden;
    if (!hidden) dispatchEvent(new Event("resize")); // what was hidden has a width now
  };
  const end = (words) => {
    status.textContent = words;
    form.querySelectorAll("button").forEach((button) => (button.hidden = true));
    form.querySelectorAll("input").forEach((input) => (input.disabled = true));
    for (const input of form.querySelectorAll("input[type=radio]")) {
      if (input.value === form.dataset.right) input.parentElement.classList.add("charrnn-right");
      else if (input.checked) input.parentElement.classList.add("charrnn-wrong");
    }
    show(false);
    status.tabIndex = -1; // the button that had the focus is gone
    status.focus({ preventScroll: true });
  };
  const near = (value) => {
    const right = Number(form.dataset.right.replace(/[,%]/g, ""));
    return Math.abs(value - right) <= form.dataset.near * Math.max(Math.abs(value), Math.abs(right)) + 1e-9;
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const choice = form.querySelector("input:checked, input[type=number]");
    if (!choice?.value) status.textContent = "Choose an answer first.";
    else {
      const number = choice.type === "number";
      const words = number ? choice.value : choice.parentElement.textContent.trim();
      const agrees = number ? near(Number(choice.value)) : choice.value === form.dataset.right;
      end(`You predicted: ${words}. ${agrees ? "As predicted." : "Not as predicted."}`);
    }
  });
  form.querySelector("button[type=button]").addEventListener("click", () => end("You asked for the outcome."));
  show(true);
}

// What the theme leaves out: levels for its headings, the keyboard and a fading edge for wide code,
// and a button that copies code.
function copier(box) {
  const button = box.appendChild(document.createElement("button"));
  [button.type, button.className, button.textContent] = ["button", "charrnn-copy", "Copy"];
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(box.querySelector("pre").textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
}

// On a narrow page, a wide picture moves sideways, or fills the screen of a phone that is turned.
function wholeScreen(box) {
  const screen = document.createElement("div");
  const button = screen.appendChild(document.createElement("button"));
  [screen.className, button.type, button.className] = ["charrnn-screen", "button", "charrnn-whole"];
  const turn = (on) => {
    screen.classList.toggle("charrnn-turned", on);
    button.textContent = on ? "Back to the page" : "Whole screen";
    dispatchEvent(new Event("resize"));
  };
  button.addEventListener("click", () => turn(!screen.classList.contains("charrnn-turned")));
  screen.addEventListener("keydown", ({ key }) => key === "Escape" && turn(false), true);
  box.before(screen);
  screen.append(box);
  turn(false);
}

document.addEventListener("DOMContentLoaded", () => {
  for (const box of document.querySelectorAll(".cell_output, .charrnn-drawn"))
    if (box.querySelector("img, svg") && !box.closest("details")) wholeScreen(box);
  document.querySelectorAll("[data-asks]").forEach(ask);
  document.querySelectorAll("div.highlight").forEach(copier);
  for (const line of document.querySelectorAll("summary[aria-label]")) line.removeAttribute("aria-label"); // it has words
  for (const box of document.querySelectorAll(".cell_output pre"))
    box.classList.toggle("charrnn-columns", / {2,}\S/.test(box.textContent.trim()));
  for (const heading of document.querySelectorAll('[role="heading"]:not([aria-level])'))
    heading.setAttribute("aria-level", "2");
  const boxes = "pre, .cell_output, .output, .charrnn-picture, .table-wrapper, .math, .math-wrapper";
  const fade = (box) => {
    const rest = box.scrollWidth - box.clientWidth - box.scrollLeft;
    box.classList.toggle("charrnn-goes-on", rest > 2);
  };
  const reach = () => {
    for (const box of document.querySelectorAll(boxes)) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      fade(box);
    }
  };
  const onScroll = ({ target }) => target.matches?.(boxes) && fade(target);
  document.addEventListener("scroll", onScroll, true);
  reach();
  for (const event of ["load", "resize"]) addEventListener(event, reach);
});
