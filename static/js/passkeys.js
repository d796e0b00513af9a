// Passkeys (Web Authentication, level 2). A form with data-passkey asks data-options for a challenge, lets the
// device make ("make") or use ("use") a passkey, and is then sent like any other form. Browsers that do not know
// passkeys never see it. Buffers are written in base64url by hand: the functions that browsers have for that are
// younger than passkeys.

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const known = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

const ceremonies = {
  async make(options) {
    const made = await navigator.credentials.create({
      publicKey: {
        ...options,
        challenge: bytes(options.challenge),
        user: { ...options.user, id: bytes(options.user.id) },
        excludeCredentials: known(options.excludeCredentials),
      },
    });
    return written(made, {
      clientDataJSON: text(made.response.clientDataJSON),
      attestationObject: text(made.response.attestationObject),
      transports: made.response.getTransports?.() ?? [],
    });
  },
  async use(options) {
    const used = await navigator.credentials.get({
      publicKey: {
        ...options,
        challenge: bytes(options.challenge),
        allowCredentials: known(options.allowCredentials),
      },
    });
    const { clientDataJSON, authenticatorData, signature, userHandle } = used.response;
    return written(used, {
      clientDataJSON: text(clientDataJSON),
      authenticatorData: text(authenticatorData),
      signature: text(signature),
      userHandle: userHandle ? text(userHandle) : null,
    });
  },
};

function written(credential, response) {
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? null,
    clientExtensionResults: {},
    response,
  });
}

function say(form, message) {
  const problem = form.querySelector("[data-passkey-problem]");
  problem.textContent = message ? problem.dataset[message] : "";
  problem.hidden = !message;
}

async function fillIn(form) {
  const answer = await fetch(form.dataset.options, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  if (answer.status === 429) return say(form, "busy");
  // The session has ended or is too old meanwhile: the page itself says what to do.
  if (answer.redirected || !answer.ok) return location.reload();
  form.elements.credential.value = await ceremonies[form.dataset.passkey](await answer.json());
  form.submit();
}

function offer(form) {
  const button = form.querySelector("button");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    say(form, "");
    button.disabled = true;
    try {
      await fillIn(form);
    } catch (error) {
      // Whoever changes their mind is told the same as one whose device has no passkey: browsers do not tell.
      say(form, error.name === "InvalidStateError" ? "known" : "failed");
    }
    button.disabled = false;
  });
}

if (window.PublicKeyCredential) {
  document.querySelectorAll("[data-passkey-unsupported]").forEach((one) => { one.hidden = true; });
  document.querySelectorAll("form[data-passkey]").forEach(offer);
}

// A page that comes back by the button of the browser must not send an answer that was used.
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-passkey] [name=credential]").forEach((one) => { one.value = ""; });
});
