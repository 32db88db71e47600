import type { DatagramRow, LossReason, TraceRow } from "../../world/trace/trace.js";
import { escapeMarkup } from "../figures/display.js";
import { formatNumber } from "../figures/numbers.js";
import { arrivalOf } from "../figures/trace-view.js";
import { endsWithRun, type SpaceTimeLayout } from "./layout.js";
import type { MessageWait } from "./waits.js";

/** One event that the reader can step to. */
export interface DiagramStep {
  readonly row: TraceRow;
  readonly timeMs: number;
  /** `arrival`: the row's message comes in and waits; it is taken in a later step of the same row. */
  readonly moment: "row" | "arrival";
  readonly text: string;
  /** The step of the same message's next moment: send, arrival if it waited, receipt, and from there the send again. */
  readonly other?: number;
}

/** The events of a diagram in the order in which they happened, in words. `waits` are the messages that are seen to wait. */
export function stepsOf(layout: SpaceTimeLayout, waits: ReadonlyMap<TraceRow, MessageWait>): DiagramStep[] {
  const drawn = new Set<TraceRow>([
    ...layout.messages.flatMap(({ send, receive, lost }) => [send, receive ?? lost ?? send]),
    ...layout.work,
    ...layout.marks,
  ]);
  const order = new Map(layout.rows.filter((row) => drawn.has(row)).map((row, i) => [row, i]));
  const made = new Map<TraceRow, Omit<DiagramStep, "text"> & { readonly order: number }>();
  // One for each row: a datagram that was doubled is sent once.
  const event = (row: TraceRow) => {
    const one = made.get(row) ?? { row, timeMs: row.timeMs, moment: "row" as const, order: order.get(row) ?? 0 };
    made.set(row, one);
    return one;
  };
  const chains = layout.messages.map(({ send, receive, lost }) => [
    event(send),
    ...(receive && waits.has(receive)
      ? [{ row: receive, timeMs: arrivalOf(receive), moment: "arrival" as const, order: event(send).order + 0.5 }]
      : []),
    ...(receive ? [event(receive)] : []),
    ...(lost ? [event(lost)] : []),
  ]);
  const sorted = [...new Set(chains.flat()), ...layout.work.map(event), ...layout.marks.map(event)].sort(
    (a, b) => a.timeMs - b.timeMs || a.order - b.order,
  );
  const at = new Map(sorted.map((one, i) => [one, i]));
  const next = new Map(
    chains.filter((c) => c.length > 1).flatMap((c) => c.map((one, i) => [one, c[(i + 1) % c.length]] as const)),
  );
  return sorted.map((one) => {
    const { row, timeMs, moment } = one;
    const other = next.get(one);
    return {
      row,
      timeMs,
      moment,
      text: endsWithRun(row, layout.endMs) ? `${whoOf(row)} ends with the run` : inWords(one, waits.get(row)),
      ...(other ? { other: at.get(other) } : {}),
    };
  });
}

/**
 * What the script needs to know of a part of the drawing: its hosts, and the steps from which and to which it is under
 * way. A part of a message ends with its arrival if that is a step of its own, else with its receipt.
 */
export function attributes(
  steps: readonly DiagramStep[],
  row: TraceRow,
  hosts: readonly string[],
  { from = "row", to }: { from?: DiagramStep["moment"]; to?: TraceRow | undefined } = {},
): string {
  const first = steps.findIndex((step) => step.row === row && step.moment === from);
  const endRow = from === "arrival" ? row : to;
  const end = endRow ? steps.findIndex((step, i) => step.row === endRow && i !== first) : -1;
  return `data-step="${first}"${end >= 0 ? ` data-end="${end}"` : ""} data-hosts="${escapeMarkup(JSON.stringify([...new Set(hosts)]))}"`;
}

function inWords({ row, moment }: Pick<DiagramStep, "row" | "moment">, wait: MessageWait | undefined): string {
  const who = whoOf(row);
  switch (row.kind) {
    case "send":
      return `${who} sends ${row.message ?? "a message"} to ${row.peer} (${row.bytes} bytes)`;
    case "receive":
      if (moment === "arrival")
        return `${row.message || "a message"} from ${row.peer} reaches ${row.host} and waits to be taken`;
      return `${who} receives ${row.message ?? "a message"} from ${row.peer}${wait ? `, which waited for ${formatNumber(wait.takenMs - wait.arrivedMs)} ms` : ""}`;
    case "datagram":
      return datagramInWords(row, who, moment, wait);
    case "compute":
      return `${who} starts to compute, for ${formatNumber(row.workMs)} ms of CPU`;
    case "disk":
      return `${who} uses the disk${row.access ? ` (${row.access})` : ""}`;
    case "start":
      return `${who} starts`;
    case "exit":
      return `${who} ${row.how === "returned" ? "returns" : row.how === "killed" ? "is killed" : `throws ${row.error ?? "an error"}`}`;
    case "urgent":
      return `${who} ${row.sent ? "sends" : "is handed"} an urgent byte`;
    case "fault":
      return `${row.fault}`;
    case "log":
      return `${who} logs ${row.event}${fieldsInWords(row.fields)}`;
    default:
      return `${who}: ${row.kind}`;
  }
}

const lossInWords: Readonly<Record<LossReason, string>> = {
  loss: "the network loses it",
  inbox: "the inbox is full",
  "closed port": "no port is open there",
  cut: "the way is cut",
  down: "the machine is down",
  system: "the operating system has thrown it away",
};

function datagramInWords(
  row: DatagramRow,
  who: string,
  moment: DiagramStep["moment"],
  wait: MessageWait | undefined,
): string {
  const what = `${row.copy === 2 ? "the duplicate of datagram" : "datagram"} ${row.message}`;
  if (row.what === "sent") return `${who} sends ${what} to ${row.to} (${row.bytes} bytes)`;
  if (row.what === "lost") return `${what} to ${row.to} is lost: ${row.reason ? lossInWords[row.reason] : ""}`;
  if (moment === "arrival") return `${what} from ${row.from} reaches ${row.host} and waits to be taken`;
  const waited = wait ? `, which waited for ${formatNumber(wait.takenMs - wait.arrivedMs)} ms` : "";
  return `${who} receives ${what} from ${row.from}${waited}`;
}

function whoOf({ process, host }: TraceRow): string {
  return process && process !== host ? `${process} on ${host}` : host;
}

function fieldsInWords(fields: Readonly<Record<string, unknown>> | undefined): string {
  const entries = Object.entries(fields ?? {});
  if (entries.length === 0) return "";
  return ` (${entries.map(([name, value]) => `${name}: ${typeof value === "number" ? formatNumber(value) : String(value)}`).join(", ")})`;
}

/** The controls above a diagram; the script puts them there. */
function controlsOf(hosts: readonly string[]): string {
  const button = (action: string, label: string, title: string) =>
    `<button type="button" data-do="${action}" title="${title}" aria-label="${title}">${label}</button>`;
  const filter =
    hosts.length > 1
      ? `<span class="handoff-hosts">Hosts: ${hosts
          .map(
            (host) =>
              `<label><input type="checkbox" checked value="${escapeMarkup(host)}"> ${escapeMarkup(host)}</label>`,
          )
          .join(" ")}</span>`
      : "";
  return (
    `<div class="handoff-controls" tabindex="0" data-lm-suppress-shortcuts="true" role="group" aria-label="Step through the events">` +
    button("first", "|◀", "Before the first event") +
    button("back", "◀", "One event back") +
    button("next", "▶", "One event forward") +
    button("all", "▶|", "Show everything") +
    button("other", "⇄ other end", "To this message's send, arrival or receipt") +
    `<output aria-live="polite">All events. Step with ▶, or click an arrow.</output>${filter}</div>`
  );
}

/** Rules for the controls and for what is not yet, or not any more. */
export const spaceTimeStyle: string = [
  ".handoff-controls{display:flex;flex-wrap:wrap;gap:4px 6px;align-items:center;margin:4px 0;min-height:30px}",
  ".handoff-controls button{font:inherit;color:inherit;background:transparent;border:1px solid var(--handoff-faint);",
  "border-radius:4px;padding:1px 8px;cursor:pointer;min-width:30px}",
  ".handoff-controls button:disabled{opacity:.35;cursor:default}",
  ".handoff-controls button:focus-visible{outline:2px solid var(--handoff-reader)}",
  ".handoff-controls output{flex:1 1 260px;font-variant-numeric:tabular-nums}",
  ".handoff-controls .handoff-hosts{flex-basis:100%;opacity:.85}.handoff-controls label{margin-right:10px}",
  ".handoff .handoff-later{opacity:.07}.handoff .handoff-hidden{display:none}.handoff .handoff-lane.handoff-hidden{display:inline;opacity:.12}",
  ".handoff .handoff-message{cursor:pointer}.handoff .handoff-current .handoff-flight{stroke-width:3.2}",
  ".handoff .handoff-current text{font-weight:700}.handoff .handoff-flying .handoff-flight{stroke-dasharray:2,4}",
].join("");

/** The script that steps; `root` is the figure's element. */
export function spaceTimeScript(
  steps: readonly DiagramStep[],
  hosts: readonly string[],
  time: "down" | "right",
): string {
  const data = JSON.stringify(steps.map((step) => [`${formatNumber(step.timeMs, 6)} ms`, step.text, step.other ?? -1]));
  const controls = JSON.stringify(controlsOf(hosts));
  return `const steps=${inScript(data)};root.querySelector(".handoff-title").insertAdjacentHTML("afterend",${inScript(controls)});${stepping.replaceAll("IS_DOWN", String(time === "down"))}`;
}

/** JSON that can't end the script that it stands in. */
function inScript(json: string): string {
  return json.replace(/</g, "\\u003c");
}

const stepping = `
const controls=root.querySelector(".handoff-controls"),out=controls.querySelector("output");
const parts=[...root.querySelectorAll("svg [data-step]")],lanes=[...root.querySelectorAll("svg [data-hosts]")];
const now=root.querySelector(".handoff-now"),act=(d)=>controls.querySelector('[data-do="'+d+'"]');
let at=steps.length;
const edge=(p,end)=>{const c=p.querySelector("circle,rect,path"),b=c?c.getBBox():null,f=p.querySelector(".handoff-flight");
 if(f){const q=f.getPointAtLength(end?f.getTotalLength():0);return IS_DOWN?q.y:q.x}
 return b?(IS_DOWN?(c.tagName==="rect"?b.y:b.y+b.height/2):(c.tagName==="rect"?b.x:b.x+b.width/2)):null};
const draw=()=>{const all=at>=steps.length;let line=null;
 for(const p of parts){const s=+p.dataset.step,e=p.dataset.end===undefined?s:+p.dataset.end;
  p.classList.toggle("handoff-later",!all&&s>at);p.classList.toggle("handoff-flying",!all&&s<=at&&e>at);
  const here=!all&&(s===at||e===at);p.classList.toggle("handoff-current",here);
  if(here&&line===null)line=edge(p,e===at&&s!==at)}
 const box=now.parentNode.ownerSVGElement.viewBox.baseVal;
 now.setAttribute("d",line===null?"":IS_DOWN?"M48,"+line+"H"+box.width:"M"+line+",10V"+(box.height-30));
 const s=steps[at];
 out.textContent=all?"All "+steps.length+" events.":at<0?"Before the first event.":(at+1)+" of "+steps.length+" · "+s[0]+" · "+s[1];
 act("other").disabled=!s||s[2]<0;act("back").disabled=act("first").disabled=at<0;act("all").disabled=all};
const go=(i)=>{at=Math.max(-1,Math.min(steps.length,i));draw()};
const does={first:()=>go(-1),back:()=>go(at-1),next:()=>go(at>=steps.length?0:at+1),all:()=>go(steps.length),other:()=>steps[at]&&steps[at][2]>=0&&go(steps[at][2])};
controls.addEventListener("click",(e)=>{const b=e.target.closest("[data-do]");if(b)does[b.dataset.do]()});
controls.addEventListener("keydown",(e)=>{const k={ArrowLeft:"back",ArrowRight:"next",Home:"first",End:"all"}[e.key];
 if(k&&e.target.tagName!=="INPUT"){does[k]();e.preventDefault();e.stopPropagation()}});
controls.addEventListener("change",()=>{const off=[...controls.querySelectorAll("input:not(:checked)")].map((i)=>i.value);
 for(const p of lanes)p.classList.toggle("handoff-hidden",JSON.parse(p.dataset.hosts).some((h)=>off.includes(h)))});
for(const p of parts)if(p.classList.contains("handoff-message"))p.addEventListener("click",()=>{go(+p.dataset.step);controls.focus()});
draw();`;
