"use strict";

// The key is kept in this variable alone: neither in storage, nor in a cookie, nor in an address.
let key = "";

// It goes to where this page came from, and nowhere else.
function addKey(request) {
  if (key && new URL(request.url, location.href).origin === location.origin) {
    request.headers.Authorization = `Bearer ${key}`;
  }
  return request;
}

function describe() {
  SwaggerUIBundle({
    url: "openapi.json",
    dom_id: "#description",
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    validatorUrl: null,
    defaultModelsExpandDepth: 0,
    requestInterceptor: addKey,
  });
}

document.querySelector("#who").addEventListener("submit", (event) => {
  event.preventDefault();
  key = document.querySelector("#key").value.trim();
  document.querySelector("#said").textContent = key ? "It is used from now on." : "None is used.";
  describe();
});

describe();
