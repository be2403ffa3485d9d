// Who wants to know what has changed: topics, told once per turn however often they changed.

const listeners = new Map();
const waiting = new Set();

/** @param {string} topic @param {() => void} listener @returns {() => void} stops listening */
export function on(topic, listener) {
  if (!listeners.has(topic)) listeners.set(topic, new Set());
  listeners.get(topic).add(listener);
  return () => listeners.get(topic)?.delete(listener);
}

/** Tells the listeners of these topics at the end of this turn. */
export function changed(...topics) {
  if (!waiting.size) queueMicrotask(tell);
  for (const topic of topics) waiting.add(topic);
}

function tell() {
  const topics = [...waiting];
  waiting.clear();
  for (const topic of topics) {
    for (const listener of [...(listeners.get(topic) ?? [])]) {
      try {
        listener();
      } catch (error) {
        console.error(`listener of ${topic}`, error);
      }
    }
  }
}
