// A prediction: what follows is hidden until there is an answer, or until somebody asks for it.
function ask(form) {
  const after = []; // up to the next section or question
  for (let next = form.nextElementSibling; next; next = next.nextElementSibling) {
    if (next.matches("section, [data-asks]")) break;
    after.push(next);
  }
  const outcomes = document.querySelectorAll(`.tag_outcome-${form.dataset.asks} .cell_output`);
  after.push(...[...outcomes].filter((box) => !after.some((part) => part.contains(box)))); // elsewhere
  const status = form.appendChild(document.createElement("p"));
  status.setAttribute("role", "status");
  const show = (hidden) => {
    for (const part of after) {
      part.hidden = hidden;
    }
    outcomes.forEach((box) => box.querySelectorAll("details").forEach((part) => (part.open = !hidden)));
    if (!hidden) dispatchEvent(new Event("resize")); // what was hidden has a width now
  };
  const end = (words) => {
    status.textContent = words;
    form.querySelectorAll("button").forEach((button) => (button.hidden = true));
    show(false);
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const choice = form.querySelector("input:checked, input[type=number]");
    const words = choice?.type === "radio" ? choice.parentElement.textContent.trim() : choice?.value;
    if (words) end(`You predicted: ${words}. See below.`);
    else status.textContent = "Choose an answer first.";
  });
  form.querySelector("button[type=button]").addEventListener("click", () => end("See below."));
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

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-asks]").forEach(ask);
  document.querySelectorAll("div.highlight").forEach(copier);
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
