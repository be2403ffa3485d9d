// The open line to the server: what happens arrives here, and a line that breaks is opened again.

import { actingPerson } from "./api.js";

const WAITS = [300, 800, 1500, 3000, 5000];

/**
 * Keeps a line open until `close()`.
 * @param {{frame: (frame: Object) => void, up: (again: boolean) => void, down: () => void}} told
 */
export function openLine(told) {
  let socket;
  let tries = 0;
  let everUp = false;
  let closed = false;
  let timer;

  const connect = () => {
    clearTimeout(timer);
    if (closed) return;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    socket = new WebSocket(`${scheme}://${location.host}/page/live?person=${encodeURIComponent(actingPerson())}`);
    socket.onmessage = (event) => {
      let frame;
      try {
        frame = JSON.parse(event.data);
      } catch {
        return;
      }
      if (frame.type === "hello") {
        tries = 0;
        told.up(everUp);
        everUp = true;
      } else told.frame(frame);
    };
    socket.onclose = () => {
      if (closed) return;
      told.down();
      timer = setTimeout(connect, WAITS[Math.min(tries, WAITS.length - 1)]);
      tries += 1;
    };
  };

  const sooner = () => {
    if (socket?.readyState === WebSocket.CLOSED) connect();
  };
  window.addEventListener("online", sooner);
  window.addEventListener("focus", sooner);
  connect();
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      window.removeEventListener("online", sooner);
      window.removeEventListener("focus", sooner);
      socket?.close();
    },
  };
}
