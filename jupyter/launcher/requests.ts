/** What front ends ask: the fields that this kernel reads of each type of request, out of content that anybody may have sent. */
import type { Content } from "../wire.js";
import { toUtf16 } from "./code-points.js";

const text = (value: unknown): string => String(value ?? "");
const inCode = ({ code, cursor_pos }: Content) => ({
  code: text(code),
  /** In UTF-16 units. */
  position: toUtf16(text(code), Number(cursor_pos ?? 0)),
});

/** By message type. An absent field is read as Jupyter's protocol says. */
export const readers = {
  execute_request: ({ code, silent, store_history, allow_stdin, stop_on_error }: Content) => ({
    code: text(code),
    silent: Boolean(silent),
    storesHistory: !silent && Boolean(store_history ?? true),
    mayAsk: allow_stdin === true,
    stopsOnError: !silent && stop_on_error !== false,
  }),
  complete_request: inCode,
  inspect_request: inCode,
  is_complete_request: ({ code }: Content) => ({ code: text(code) }),
  interrupt_request: () => ({}),
  shutdown_request: ({ restart }: Content) => ({ restart: Boolean(restart) }),
  kernel_info_request: () => ({}),
  comm_info_request: () => ({}),
  /** Read where it is answered: which fields count depends on the kind of access. */
  history_request: (asked: Content) => asked,
  comm_open: ({ comm_id }: Content) => ({ commId: text(comm_id) }),
} as const;

/** What each type of request asks. */
export type Requests = { readonly [T in keyof typeof readers]: ReturnType<(typeof readers)[T]> };

/** Whether this kernel knows such requests. */
export function isKnown(type: string): type is keyof Requests {
  return Object.hasOwn(readers, type);
}
