// The calls of the admin address. What came of one is said in the page's notice.

import { element } from "./drawing.js";

let clearing = 0;

export function notice(text, isProblem = false) {
  const place = element("notice");
  place.textContent = text;
  place.classList.toggle("bad", isProblem);
  clearTimeout(clearing);
  clearing = setTimeout(() => { place.textContent = ""; }, isProblem ? 8000 : 3000);
}

export async function problemOf(response) {
  const text = await response.text();
  try {
    return JSON.parse(text).Message || text;
  } catch {
    return text || `status ${response.status}`;
  }
}

export async function post(path, fields, done) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(fields),
    });
    if (!response.ok) {
      notice(await problemOf(response), true);
      return null;
    }
    const result = await response.json();
    notice(typeof done === "function" ? done(result) : done);
    return result;
  } catch {
    notice("The emulator cannot be reached.", true);
    return null;
  }
}
