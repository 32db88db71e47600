import type { Router } from "zeromq";
import { type Content, encode, type Header, type Message, makeHeader } from "../wire.js";

/** A cell's question for a line of text. */
export interface Question {
  readonly parent: Message;
  readonly number: number;
  readonly prompt: string;
  /** The kernel's main thread waits for it. */
  readonly waits: boolean;
}

/** What a question came to: a line, `null` at the end of input, or why nobody was asked. */
export type Outcome = { readonly line: string | null } | { readonly error: string };

const retryMs = 50;
const tries = 20;

/** Puts cells' questions to the front end, one at a time, by `input_request` on the stdin channel. */
export class Questions {
  readonly #socket: Router;
  readonly #key: string;
  readonly #session: string;
  readonly #answer: (question: Question, outcome: Outcome) => void;
  readonly #waiting: Question[] = [];
  #current: { readonly question: Question; readonly header: Header } | undefined;

  constructor(socket: Router, key: string, session: string, answer: (question: Question, outcome: Outcome) => void) {
    // A front end without a stdin channel is told from one that takes its time.
    socket.mandatory = true;
    this.#socket = socket;
    this.#key = key;
    this.#session = session;
    this.#answer = answer;
  }

  ask(question: Question): void {
    // A thread waits for one thing at a time: what it was asking before was interrupted.
    if (question.waits) this.withdraw((each) => each.waits);
    this.#waiting.push(question);
    this.#next();
  }

  /** Those questions need no answer any more; one that comes all the same is dropped. */
  withdraw(which: (question: Question) => boolean): void {
    this.#waiting.splice(0, this.#waiting.length, ...this.#waiting.filter((question) => !which(question)));
    if (this.#current && which(this.#current.question)) this.#current = undefined;
    this.#next();
  }

  /** A message on the stdin channel. */
  take({ header, parent, content }: Message): void {
    if (header.msg_type !== "input_reply" || !this.#current) return;
    // Jupyter's own clients name no parent.
    if (parent.msg_id && parent.msg_id !== this.#current.header.msg_id) return;
    this.#settle(this.#outcomeOf(content));
  }

  #outcomeOf({ status, value, evalue }: Content): Outcome {
    if (status === "error") return { error: String(evalue ?? "the question was turned down") };
    const line = String(value ?? "");
    return { line: line === "\x04" ? null : line }; // Ctrl-D, as ipykernel takes it
  }

  #next(): void {
    if (this.#current) return;
    const question = this.#waiting.shift();
    if (!question) return;
    const header = makeHeader("input_request", this.#session);
    this.#current = { question, header };
    void this.#send(question, header);
  }

  async #send({ parent, prompt }: Question, header: Header): Promise<void> {
    const content = { prompt, password: false };
    const frames = encode(this.#key, {
      identities: parent.identities,
      header,
      parent: parent.header,
      metadata: {},
      content,
    });
    for (let left = tries; this.#current?.header === header; left--) {
      try {
        return await this.#socket.send(frames);
      } catch {
        // It may be about to connect.
        if (left === 0) this.#settle({ error: "the front end has no channel for input, so nobody can answer" });
        else await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }

  #settle(outcome: Outcome): void {
    const question = this.#current?.question;
    this.#current = undefined;
    if (question) this.#answer(question, outcome);
    this.#next();
  }
}
