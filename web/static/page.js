// Two things that the theme leaves out: levels for its headings, and the keyboard for wide code.
document.addEventListener("DOMContentLoaded", () => {
  for (const heading of document.querySelectorAll('[role="heading"]:not([aria-level])'))
    heading.setAttribute("aria-level", "2");
  const reach = () => {
    for (const box of document.querySelectorAll("pre, .cell_output, .output, .table-wrapper, .math"))
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  };
  reach();
  addEventListener("resize", reach);
});
