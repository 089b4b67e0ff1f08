// Forms that make a passkey or sign with one. Without script they stay hidden, and codes do the same.

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const button = form.querySelector("button");
  const trouble = form.querySelector(".passkey-trouble");
  const options = JSON.parse(form.dataset.options);
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
    trouble.textContent = "This browser has no passkeys.";
    continue;
  }

  button.hidden = false;
  button.addEventListener("click", async event => {
    event.preventDefault();
    if (!form.reportValidity()) return;

    button.disabled = true;
    trouble.textContent = "";
    try {
      const credential = form.dataset.passkey === "create"
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
      form.elements.credential.value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch (error) {
      button.disabled = false;
      trouble.textContent = error.name === "InvalidStateError" ? "This device is added already." : "The passkey was not used. You can try again.";
    }
  });
}
