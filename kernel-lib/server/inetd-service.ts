/** One service that a superserver offers at one address. */
export interface InetdService {
  /** The line of the configuration that it comes from, counted from 1. */
  readonly line: number;
  /** Its name, or port number, as written. */
  readonly service: string;
  /** The address to listen on, as written; `*` stands for all. */
  readonly host: string;
  /** Its port. */
  readonly port: number;
  /** `stream`: connections; `dgram`: datagrams. */
  readonly socketType: "stream" | "dgram";
  /** The protocol, and the version of IP if one is named. */
  readonly protocol: "tcp" | "tcp4" | "tcp6" | "udp" | "udp4" | "udp6";
  /**
   * Whether the server gets the listening socket, and the superserver waits until it ends (`wait`); else it gets one connection, and others
   * are served meanwhile (`nowait`).
   */
  readonly wait: boolean;
  /** How often it may be started in a minute. */
  readonly maxPerMinute: number;
  /** The user that it runs as. */
  readonly user: string;
  /** The group that it runs as, if another than the user's own. */
  readonly group: string | undefined;
  /** The path of its program; `internal` if the superserver itself gives the service. */
  readonly program: string;
  /** The program's arguments, its own name first; none for an internal service. */
  readonly args: readonly string[];
}

/** What is wrong with a line. */
export interface InetdProblem {
  /** The line, counted from 1. */
  readonly line: number;
  /** The field that is wrong. */
  readonly field: "service" | "socket type" | "protocol" | "wait" | "user" | "program" | "arguments";
  /** What is wanted there, and what came. */
  readonly problem: string;
}

/** Well-known ports of services that a superserver was or is used for, as IANA lists them (tcp; tftp and talk: udp). */
export const inetdServicePorts: Readonly<Record<string, number>> = {
  echo: 7,
  discard: 9,
  daytime: 13,
  chargen: 19,
  ftp: 21,
  telnet: 23,
  smtp: 25,
  time: 37,
  tftp: 69,
  gopher: 70,
  finger: 79,
  pop3: 110,
  auth: 113,
  imap2: 143,
  exec: 512,
  login: 513,
  shell: 514,
  talk: 517,
  ntalk: 518,
  rsync: 873,
};
