// Makes pages nicer where scripts run; nothing here is needed for any page to work.

// A form that came back with errors begins at its summary.
function focusErrorSummary(root) {
  root.querySelector("[data-error-summary]")?.focus();
}

// A button beside each password shows what was typed, so that long passwords can be checked.
function offerToShowPasswords(root) {
  for (const input of root.querySelectorAll("input[data-show-text]:not([data-can-be-shown])")) {
    input.dataset.canBeShown = "";
    const row = document.createElement("div");
    row.className = "field__password";
    input.replaceWith(row);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "field__reveal";
    button.textContent = input.dataset.showText;
    button.setAttribute("aria-controls", input.id);
    row.append(input, button);
    button.addEventListener("click", () => {
      const show = input.type === "password";
      input.type = show ? "text" : "password";
      button.textContent = show ? input.dataset.hideText : input.dataset.showText;
    });
    // Password managers save only what is a password when the form is sent.
    input.form?.addEventListener("submit", () => { input.type = "password"; });
  }
}

// A checkbox in the heading of a table ticks its whole column, and shows when only some are ticked.
function offerToSelectAll(root) {
  for (const all of root.querySelectorAll("input[data-selects-all][hidden]")) {
    const boxes = () => [...all.closest("table").querySelectorAll("tbody input[type=checkbox]")]
      .filter((box) => box.name === all.dataset.selectsAll);
    all.hidden = false;
    all.addEventListener("change", () => boxes().forEach((box) => { box.checked = all.checked; }));
    all.closest("table").addEventListener("change", () => {
      const ticked = boxes().filter((box) => box.checked).length;
      all.checked = ticked > 0 && ticked === boxes().length;
      all.indeterminate = ticked > 0 && !all.checked;
    });
  }
}

// What cannot be undone is asked about first: a form or button names its dialog in data-confirm.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const asks = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  const dialog = asks && document.getElementById(asks);
  if (!dialog || dialog.returnValue === "confirm") return;
  event.preventDefault();
  event.stopImmediatePropagation();
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "confirm") form.requestSubmit(event.submitter);
    dialog.returnValue = "";
  }, { once: true });
  dialog.showModal();
}, true);

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-opens-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.opensDialog);
  if (!dialog) return;
  event.preventDefault();
  dialog.showModal();
});

function makeNicer(root) {
  offerToShowPasswords(root);
  offerToSelectAll(root);
  focusErrorSummary(root);
}

makeNicer(document);
// Another country exchanges the fields below it, also in their order: what stood in a field stays.
const typedOfPlace = new Map();

document.addEventListener("change", (event) => {
  const place = event.target.getAttribute("hx-target") || "";
  if (!place.endsWith("fields-of-country")) return;
  for (const input of document.querySelectorAll(`${place} input`)) typedOfPlace.set(input.id, input.value);
});

document.addEventListener("htmx:after:swap", () => {
  for (const input of document.querySelectorAll("[id$='fields-of-country'] input")) {
    if (!input.value && typedOfPlace.has(input.id)) input.value = typedOfPlace.get(input.id);
  }
});

document.addEventListener("htmx:after:swap", (event) => makeNicer(event.target.isConnected ? event.target : document));
