// CloudFront signs what it sends to the function, and the signature covers a hash of the body. It
// does not compute that hash itself: whoever sends a body sends the hash along.

const form = document.querySelector("form");
const words = document.querySelector("#words");

async function sha256(bytes) {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function post(path, fields) {
  const body = new TextEncoder().encode(JSON.stringify(fields));
  return fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "x-amz-content-sha256": await sha256(body) },
    body,
  });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  words.textContent = "";
  const response = await post("words", Object.fromEntries(new FormData(form)));
  if (!response.ok) {
    words.textContent = `${response.status}: ${await response.text()}`;
    return;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (text + value).split("\n\n");
    text = events.pop();
    for (const each of events) {
      if (each.startsWith("data: ")) words.textContent += `${each.slice(6)} `;
    }
  }
});

// A GET has no body, so EventSource needs nothing of this.
const clock = new EventSource("clock");
clock.addEventListener("message", ({ data }) => {
  document.querySelector("#clock").textContent = data;
});
