// Pages work without this. With it, a list that was filtered or paged in place gives the focus to its heading,
// so that a keyboard or screen reader continues at the new rows instead of at the top of the document.
"use strict";

document.addEventListener("htmx:afterSettle", (event) => {
  const heading = event.detail.target.querySelector("[data-focus]");
  if (heading) heading.focus({ preventScroll: true });
});
