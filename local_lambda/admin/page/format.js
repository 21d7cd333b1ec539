// How are times, durations, sizes and JSON written?

export function duration(ms) {
  if (ms == null) return "–";
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function age(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor(whole / 60) % 60} min`;
}

export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString("en-GB");
}

// Lays JSON text out without reading its values: a large number keeps all its digits.
export function indented(json) {
  const parts = json.match(/"(?:\\.|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+/g) || [];
  let text = "";
  let depth = 0;
  parts.forEach((part, index) => {
    const isOpening = part === "{" || part === "[";
    const isClosing = part === "}" || part === "]";
    const isEmpty = isClosing && (parts[index - 1] === "{" || parts[index - 1] === "[");
    if (isClosing) depth -= 1;
    if (isClosing && !isEmpty) text += `\n${"  ".repeat(depth)}`;
    text += part === ":" ? ": " : part;
    if (isOpening) depth += 1;
    const isNextClosing = parts[index + 1] === "}" || parts[index + 1] === "]";
    if (part === "," || (isOpening && !isNextClosing)) text += `\n${"  ".repeat(depth)}`;
  });
  return text;
}
