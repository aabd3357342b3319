"use strict";

// The key is kept in this variable alone: neither in storage, nor in a cookie, nor in an address.
let key = "";

const said = document.querySelector("#said");

// It goes to where this page came from, and nowhere else.
function addKey(request) {
  if (key && new URL(request.url, location.href).origin === location.origin) {
    request.headers.Authorization = `Bearer ${key}`;
  }
  return request;
}

function show(spec) {
  SwaggerUIBundle({
    spec,
    dom_id: "#description",
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    validatorUrl: null,
    defaultModelsExpandDepth: 0,
    requestInterceptor: addKey,
  });
}

async function describe() {
  const request = addKey({ url: "openapi.json", headers: {} });
  const answer = await fetch(request.url, { headers: request.headers });
  if (answer.ok) {
    said.textContent = key ? "It stays in this page." : "";
    show(await answer.json());
  } else if (answer.status === 401 && !key) {
    said.textContent = "Give a key that may read, and this page tells what may be asked.";
  } else {
    said.textContent = (await answer.json()).detail;
  }
}

function tell() {
  describe().catch(() => {
    said.textContent = "The service does not answer.";
  });
}

document.querySelector("#who").addEventListener("submit", (event) => {
  event.preventDefault();
  key = document.querySelector("#key").value.trim();
  tell();
});

tell();
