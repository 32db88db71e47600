import type { Content, Message } from "../wire.js";
import type { Output } from "./client.js";

/**
 * Turns a cell's broadcast messages into the outputs that a notebook keeps: consecutive text of one stream is one
 * output, `clear_output` empties the list (with `wait`, when the next output comes), `update_display_data` rewrites
 * what an earlier message of the cell showed.
 */
export class OutputCollector {
  readonly outputs: Output[] = [];
  readonly #shown = new Map<string, Output[]>();
  #clearNext = false;

  take({ header, content }: Message): void {
    switch (header.msg_type) {
      case "clear_output":
        if (content.wait) this.#clearNext = true;
        else this.#clear();
        return;
      case "stream": {
        this.#clearIfDue();
        const last = this.outputs.at(-1);
        const text = String(content.text);
        if (last?.output_type === "stream" && last.name === content.name) last.text += text;
        else this.outputs.push({ output_type: "stream", name: content.name as "stdout" | "stderr", text });
        return;
      }
      case "display_data":
      case "execute_result": {
        this.#clearIfDue();
        const shown = { data: content.data as Content, metadata: (content.metadata ?? {}) as Content };
        const output: Output =
          header.msg_type === "display_data"
            ? { output_type: "display_data", ...shown }
            : { output_type: "execute_result", ...shown, execution_count: content.execution_count as number | null };
        this.outputs.push(output);
        const id = displayId(content);
        if (id !== undefined) this.#shown.set(id, [...(this.#shown.get(id) ?? []), output]);
        return;
      }
      case "update_display_data": {
        for (const output of this.#shown.get(displayId(content) ?? "") ?? []) {
          Object.assign(output, { data: content.data, metadata: content.metadata ?? {} });
        }
        return;
      }
      case "error": {
        this.#clearIfDue();
        const traceback = (content.traceback as string[]) ?? [];
        const [ename, evalue] = [String(content.ename), String(content.evalue)];
        this.outputs.push({ output_type: "error", ename, evalue, traceback });
      }
    }
  }

  #clearIfDue(): void {
    if (this.#clearNext) this.#clear();
  }

  #clear(): void {
    this.#clearNext = false;
    this.outputs.length = 0;
    this.#shown.clear();
  }
}

function displayId(content: Content): string | undefined {
  return (content.transient as { display_id?: string } | undefined)?.display_id;
}
