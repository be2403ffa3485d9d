// Breaks the platform and mends it again, over the API that everybody has. Text from outside only ever becomes text.

const FAULTS = "/deploys/api/v1/faults";
const EVERY = 2_000;
const SOON = 90_000; // an end so near has been asked for already
const SHOWN_AFTER = 120_000;

const list = document.getElementById("faults");
const heading = document.getElementById("active");
const said = document.getElementById("said");
const environment = document.getElementById("environment");
const forms = [...document.querySelectorAll("form[data-kind]")];
const kinds = new Map(forms.map((form) => [form.dataset.kind, form.dataset]));
const rows = new Map();
let faults = [];
let silent = false;

function h(tag, props, ...children) {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
}

function say(text) {
  said.textContent = text;
}

/** What the API answered; an error says what to do. */
async function call(path, options) {
  const answer = await fetch(path, options);
  const found = await answer.json();
  if (!answer.ok) throw new Error([found.error, found.mend].filter(Boolean).join(" ") || answer.statusText);
  return found;
}

const clock = (at) => at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
const minutes = (count) => (count === 1 ? "1 minute" : `${count} minutes`);

/** Since when, in words. */
function since(fault, now) {
  const start = new Date(fault.start);
  const stop = fault.stop && new Date(fault.stop);
  if (stop && stop - now < SOON) return `ends at ${clock(stop)}`;
  if (start > now) return `begins at ${clock(start)}`;
  const age = `since ${clock(start)}, ${minutes(Math.floor((now - start) / 60_000))}`;
  return now - start < SHOWN_AFTER ? `${age}; rates show it from ${clock(new Date(+start + SHOWN_AFTER))} on` : age;
}

const ends = (fault, now) => Boolean(fault.stop) && new Date(fault.stop) - now < SOON;
const name = (fault) => kinds.get(fault.kind)?.title ?? fault.kind;
const filled = (text, service) => text.replaceAll("{service}", service);

function question(fault) {
  const where = fault.environment === "production" ? "" : ` in ${fault.environment}`;
  const asks = filled(kinds.get(fault.kind)?.asks ?? "what is wrong with {service}?", fault.service);
  return `@copilot ${asks.replace(/\?$/, `${where}?`)}`;
}

async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    say("Copied. Paste it in Slack.");
  } catch {
    getSelection().selectAllChildren(code);
    say("It is selected: copy it with Ctrl+C.");
  }
}

function row(fault) {
  const title = `${name(fault)} of ${fault.service} in ${fault.environment}`;
  const age = h("span", {});
  const code = h("code", { textContent: question(fault) });
  const end = h("button", { type: "button", textContent: "End it", ariaLabel: `End it: ${title}` });
  end.onclick = () => stop(fault, end);
  const copying = h("button", { type: "button", textContent: "Copy", ariaLabel: `Copy the question: ${title}` });
  copying.onclick = () => copy(code);
  const shows = filled(kinds.get(fault.kind)?.shows ?? "", fault.service);
  const node = h(
    "li",
    {},
    h("strong", { textContent: title }),
    h("p", {}, age),
    h("p", { textContent: shows }),
    h("div", { className: "row" }, code, copying, end),
  );
  return { node, age, end };
}

/** Rows that stay are left in place: a focus in them stays too. */
function draw() {
  const now = new Date();
  const active = faults.filter((fault) => fault.state !== "over");
  for (const [id, { node }] of rows) {
    if (active.some((fault) => fault.id === id)) continue;
    if (node.contains(document.activeElement)) heading.focus();
    node.remove();
    rows.delete(id);
  }
  for (const fault of active) {
    if (!rows.has(fault.id)) {
      rows.set(fault.id, row(fault));
      list.prepend(rows.get(fault.id).node);
    }
    const { age, end } = rows.get(fault.id);
    const words = since(fault, now);
    if (age.textContent !== words) age.textContent = words;
    if (ends(fault, now) && !end.hidden) {
      if (end === document.activeElement) heading.focus();
      end.hidden = true;
    }
  }
  document.getElementById("none").hidden = active.length > 0;
  heading.parentElement.classList.toggle("some", active.length > 0);
}

async function look() {
  try {
    faults = (await call(FAULTS)).faults;
    if (silent) say("The platform answers again.");
    silent = false;
    draw();
  } catch {
    if (!silent) say("The platform does not answer. Is it still running?");
    silent = true;
  }
}

async function stop(fault, button) {
  if (button.ariaDisabled) return;
  button.ariaDisabled = "true";
  try {
    const { fault: ended } = await call(`${FAULTS}/${encodeURIComponent(fault.id)}`, { method: "DELETE" });
    const how = fault.kind === "bad_deploy" ? "is rolled back" : "ends";
    const when = ended.stop && new Date(ended.stop) > new Date() ? ` at ${clock(new Date(ended.stop))}` : " now";
    say(`${name(fault)} of ${fault.service} ${how}${when}.`);
  } catch (error) {
    say(error.message);
  }
  button.ariaDisabled = null;
  await look();
}

async function begin(form) {
  const { kind, size } = form.dataset;
  const service = form.elements.service.value;
  const wanted = { kind, service, environment: environment.value, ...(size && { size: Number(size) }) };
  const button = form.querySelector("button");
  if (button.ariaDisabled) return;
  const same = (fault) => ["kind", "service", "environment"].every((key) => fault[key] === wanted[key]);
  if (faults.some((fault) => same(fault) && fault.state !== "over" && !ends(fault, new Date()))) {
    say(`${name(wanted)} of ${service} in ${wanted.environment} is on already.`);
    return;
  }
  button.ariaDisabled = "true";
  try {
    const body = JSON.stringify(wanted);
    const headers = { "Content-Type": "application/json" };
    const { fault } = await call(FAULTS, { method: "POST", headers, body });
    say(`${name(fault)} of ${service}: begins at ${clock(new Date(fault.start))}. Ask for it in Slack then.`);
  } catch (error) {
    say(error.message);
  }
  await look();
  button.ariaDisabled = null;
  heading.parentElement.scrollIntoView({ block: "nearest" }); // the question to ask stands there
}

for (const form of forms) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    begin(form);
  });
}

async function follow() {
  if (!document.hidden) await look();
  setTimeout(follow, EVERY);
}
document.addEventListener("visibilitychange", () => document.hidden || look());
follow();
