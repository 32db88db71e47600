// -*- coding: utf-8 -*-
// ---
// jupyter:
//   kernelspec:
//     display_name: TypeScript (Handoff)
//     language: typescript
//     name: handoff
// ---

// %% [markdown] name="title"
// # Interfaces over a network
//
// A user sits at one machine, and what they want is done at another. What must be at the user's side, then? A program that knows
// the application? A program that knows nothing but how to draw? Or only a screen? The answer decides how many bytes travel, how
// often somebody waits for them, and what is lost when the user's machine falls off the table. By the end you can
//
// - count how much of a client program is interface, on a real one;
// - say who is the client and who the server in X, count a program's round trips, and predict from one start how long it takes to
//   start over any distance;
// - keep calendars in step that are edited offline, and say which rule for merging loses what;
// - let a screen show what happens elsewhere, and say how many updates a second a link allows;
// - choose between these ways, for a given application and a given network.
//
// It takes about four hours, in four sittings. You need notebook 00.

// %% jupyter={"source_hidden": true} name="imports"
// What this notebook takes from the library: nothing to change here.
import { type Host, messages, on, scenario, simulate, spaceTime, table } from "kernel-lib";
import _ from "lodash";

// %% [markdown] name="task-lecture"
// # 1 · The client's task
//
// > *A principal tarefa de máquinas cliente é fornecer os meios para os usuários interagirem com servidores remotos.*
//
// The main task of client machines is to give users the means to interact with remote servers.
//
// Here is a whole client: a pocket calculator that can't calculate. It takes a person's keys, shows what they have typed, and has a
// server multiply. The screen is a program of its own, at port 6000 of the same machine: it stands for everything between the
// program and the eye.

// %% name="task-service"
const multiplier = async (host: Host) => {
  for await (const connection of await host.listen(7))
    for await (const { factors } of connection) {
      await host.compute(2);
      await connection.send({ product: factors[0] * factors[1] });
    }
};
const screen = async (host: Host) => {
  for await (const connection of await host.listen(6000))
    for await (const { shown } of connection) host.log("shown", { shown });
};

// %% name="task-client"
const calculator = async (host: Host, keys: string) => {
  const display = await host.connect("desk", 6000);
  const server = await host.connect("server", 7);
  let shown = "";
  for (const key of keys) {
    await host.sleep(150); // a person types
    if (key === "=") {
      await server.send({ factors: shown.split("×").map(Number) });
      shown = String((await server.receive()).product);
    } else shown += key;
    await display.send({ shown });
  }
  return shown;
};

// %% name="task-run" tags=["claim:interfaces.client-task"]
const atTheDesk = scenario({
  hosts: { desk: {}, server: {} },
  network: { latencyMs: 20 },
  programs: {
    multiplier: on("server", multiplier).daemon(),
    screen: on("desk", screen).daemon(),
    result: on("desk", calculator, "12×34="),
  },
});
const deskRun = await simulate(atTheDesk, { seed: 1 });
spaceTime(deskRun, {
  title: "A person multiplies 12 by 34",
  alt: "Six keys, each of which changes what is shown; only the last one makes the client ask the server.",
});

// %% name="task-count"
const ofClient = _.filter(messages(deskRun), { fromProcess: "result" });
const byPeer = _.countBy(ofClient, ({ to }) => (to === "desk" ? "to the screen" : "to the server"));
table([byPeer], { title: "Messages that the client sent" });

// %% [markdown] name="x-lecture"
// # 2 · X: the display is the server
//
// > *O X protocol é um exemplo de thin-client network computing.*
//
// The X protocol is an example of thin-client network computing: the program runs at one machine and draws at another.

// %% [markdown] name="two-ways-lecture"
// # 3 · Two ways
//
// > *Há 2 modos de se implementar essa interação.*
//
// There are two ways to implement this interaction: a protocol for each application, or one protocol for all of them.

// %% [markdown] name="calendar-lecture"
// # 4 · A protocol per application: the calendar
//
// > *Para cada serviço remoto o cliente tem uma contraparte provedora do serviço no lado do servidor. Caso em que um protocolo em
// > nível de aplicação trata da sincronização (ex: calendários em smartphones).*
//
// For each remote service the client has a counterpart on the server's side that provides the service: the case in which an
// application-level protocol takes care of synchronisation (for example calendars on smartphones).

// %% [markdown] name="terminal-lecture"
// # 5 · Middleware, independent of applications: the terminal
//
// > *Alternativamente, podemos fornecer acesso aos serviços remotos via uma interface com o cliente. A máquina cliente é usada
// > apenas como um terminal, sem armazenamento local. Abordagem cliente magro: tudo é processado e armazenado no servidor. A
// > sincronização é feita por um protocolo independente de aplicação, no nível do middleware.*
//
// Alternatively, we can give access to remote services through an interface with the client. The client machine is used only as a
// terminal, without local storage. Thin-client approach: everything is processed and stored at the server. Synchronisation is done
// by an application-independent protocol, at the level of the middleware.

// %% [markdown] name="when-lecture"
// # 6 · Which way when
//
// One table, from the runs above.

// %% [markdown] name="exercises"
// # 7 · Exercises

// %% [markdown] name="summary"
// # What you have seen
