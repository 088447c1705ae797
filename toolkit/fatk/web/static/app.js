// What a page does beyond what its links and forms do by themselves: dropping files, a word while one waits, filtering.
"use strict";

const form = document.querySelector("form.give");
if (form) {
  const input = form.querySelector("input[type=file]");
  const drop = form.querySelector("[data-drop]");
  const error = form.querySelector("[data-error]");
  const progress = form.querySelector("[data-progress]");
  const chosen = form.querySelector("[data-chosen]");

  const complaint = () => {
    const files = [...form.querySelectorAll("input[type=file]")].flatMap((one) => [...one.files]);
    if (files.length > Number(form.dataset.files)) return form.dataset.many;
    const size = files.reduce((sum, file) => sum + file.size, 0);
    if (size <= Number(form.dataset.most)) return "";
    const largest = files.reduce((a, b) => (b.size > a.size ? b : a));
    return form.dataset.large.replace("␀", largest.name);
  };
  const tell = () => {
    const said = complaint();
    error.textContent = said;
    error.hidden = !said;
    return !said;
  };
  form.addEventListener("submit", (event) => {
    if (!tell()) {
      event.preventDefault();
      return;
    }
    progress.textContent = form.dataset.busy;
    progress.hidden = false;
  });
  for (const other of form.querySelectorAll(".beside input")) other.addEventListener("change", tell);
  input.addEventListener("change", () => {
    chosen.textContent = [...input.files].map((file) => file.name).join("、");
    if (input.files.length && tell() && !form.querySelector("details[open]")) form.requestSubmit();
  });
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  for (const kind of ["dragleave", "drop"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.remove("over");
    });
  }
  drop.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change"));
  });
  // Back from a result: nobody is waiting any more.
  window.addEventListener("pageshow", () => {
    progress.hidden = true;
    tell();
  });
}

const forgotten = document.querySelector("[data-forgotten]");
if (forgotten) forgotten.hidden = !new URLSearchParams(location.search).has("forgotten");

const filter = document.querySelector("[data-filter]");
if (filter) {
  filter.hidden = false;
  const entries = [...document.querySelectorAll("[data-entry]")].map((one) => [one, one.textContent.toLowerCase()]);
  const groups = [...document.querySelectorAll("[data-group]")];
  const status = filter.querySelector("[role=status]");
  const apply = () => {
    const words = filter.querySelector("input").value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [one, text] of entries) {
      one.hidden = !words.every((word) => text.includes(word));
      shown += one.hidden ? 0 : 1;
    }
    for (const group of groups) group.hidden = !group.querySelector("[data-entry]:not([hidden])");
    status.textContent = words.length ? filter.dataset.shown.replace("␀", shown).replace("␁", entries.length) : "";
  };
  filter.addEventListener("input", apply);
}

// The other language at the same place of the page.
for (const link of document.querySelectorAll("[data-keep-place]")) {
  link.addEventListener("click", () => {
    link.href = link.href.split("#")[0].split("?")[0] + location.search + location.hash;
  });
}
