// -*- coding: utf-8 -*-
// ---
// jupyter:
//   kernelspec:
//     display_name: TypeScript (Handoff)
//     language: typescript
//     name: handoff
// ---

// %% [markdown] name="title"
// # Start here
//
// In the next ten minutes you will run a small distributed system twice: once in **virtual time**, where the computer works out
// exactly what must happen, and once **live**, over real sockets on this machine. By the end you can
//
// - read, change and run again a program of a dozen lines;
// - run it both ways, and read the figure that shows both;
// - say what a *red cell*, **Interrupt** and **Restart** mean;
// - solve a first exercise, and open the page that documents a function.
//
// To run a cell, click into it and press <kbd>Shift</kbd> + <kbd>Enter</kbd>. A cell may take a second; while it works, a star
// `[*]` stands in front of it. The results that you see already come from an earlier run, and yours take their place; to guess
// before you see them, begin with **Edit → Clear Outputs of All Cells**. Nothing that you do here can break anything:
// `npm run reset 00`, typed in a terminal, brings this notebook back as it was.

// %% [markdown] name="lecture"
// ## What the lecture says
//
// > *Um servidor é um processo que implementa um serviço específico em nome de uma coleção de clientes. Ele espera pela requisição
// > de um cliente, garante que a requisição seja tratada e, em seguida, passa a esperar pela próxima requisição.*
//
// A server is a process that implements a specific service on behalf of a collection of clients. It waits for a request from a
// client, sees that the request is taken care of, and then waits for the next one.
//
// Three verbs: wait, handle, wait again. What does that mean for the *second* client, who comes while the first is being served?

// %% name="imports"
// What this notebook takes from the library: nothing to change here.
import {
  check,
  claims,
  exercises,
  type Host,
  on,
  overlay,
  predict,
  runLive,
  scenario,
  simulate,
  spaceTime,
  table,
} from "kernel-lib";

// %% [markdown] name="programs-intro"
// ## Two programs
//
// A program is an async function that sees nothing but its `host`: the machine on which it runs. The server listens on port 7, takes
// one connection after another, and for each message works for `serviceMs` milliseconds before it sends the message back. The client
// connects, sends one message, and measures how long the answer takes.

// %% name="server" tags=["claim:servers.general-loop"]
const serviceMs = 20;

const echoServer = async (host: Host) => {
  const listener = await host.listen(7);
  for (;;) {
    const connection = await listener.accept(); // wait for a client
    const message = await connection.receive();
    await host.compute(serviceMs); // use the CPU
    await connection.send(message); // answer
    connection.end();
  }
};

// %% name="client"
const client = async (host: Host) => {
  const startMs = host.now();
  const connection = await host.connect("server", 7);
  await connection.send("hello");
  await connection.receive();
  return host.now() - startMs; // the response time
};

// %% [markdown] name="scenario-intro"
// ## One scenario
//
// A scenario is plain data: which machines there are, what lies between them, and which program runs where. The server is a
// *daemon*: nobody waits for it to end. Three clients start at the same moment, one on each machine.

// %% name="scenario"
const threeClients = scenario({
  hosts: { server: { cores: 1 }, ana: {}, bruno: {}, carla: {} },
  network: { latencyMs: 5 },
  programs: {
    server: on("server", echoServer).daemon(),
    responseMs: [on("ana", client), on("bruno", client), on("carla", client)],
  },
});

// %% [markdown] name="predict-intro"
// ## Predict first
//
// Connecting costs one round trip (2 × 5 ms), and so does asking and being answered; the work itself takes 20 ms. So the first client
// waits 40 ms. How long does the **third** client wait? Replace `undefined` by your number and run the cell. A guess that turns out
// wrong teaches more than no guess.

// %% name="predict"
const thirdClient = predict(
  "third client",
  { question: "How long does the third client wait for its answer?", unit: "ms" },
  undefined,
);
thirdClient;

// %% [markdown] name="virtual-intro"
// ## In virtual time
//
// `simulate` plays the scenario without waiting: its clock jumps from one event to the next. The times are exact, and the same
// whenever and wherever you run it. (Where chance comes in, `seed` says which random numbers; here there are none.)

// %% name="simulate"
const predicted = await simulate(threeClients, { seed: 1 });
table(
  predicted.results.responseMs.map((responseMs, i) => ({
    client: ["ana", "bruno", "carla"][i],
    responseMs,
  })),
  { title: "Response times in virtual time" },
);

// %% name="compare-prediction"
thirdClient.compare(predicted.results.responseMs[2]);

// %% [markdown] name="space-time-intro"
// Where does the time go? Time runs downwards; each machine is a line; an arrow is a message; a bar is work of the CPU. Step through
// it with the buttons above the drawing.

// %% name="space-time"
spaceTime(predicted, {
  title: "One server, three clients",
  caption:
    "All three connect in the first 10 ms. The second request is at the server from 15 ms on, and waits until the first is answered.",
  alt: "Three requests reach the server at the same time; the server works on one after the other, 20 ms each.",
});

// %% [markdown] name="live-intro"
// ## Live
//
// The same scenario, the same two programs, now for real: sockets between the clients and the server, a clock that nobody controls,
// and a CPU core that is kept busy for as long as `compute` says. Only the network's 5 ms are put in by the library, which holds
// each message back until it is due, since messages within one machine arrive almost at once. `timeScale: 2` plays all of it at
// half speed, so that what the machine adds weighs less; the figure shows the scenario's own milliseconds.

// %% name="live" tags=["live"]
const measured = await runLive(threeClients, { seed: 1, timeScale: 2 });

// %% name="live-figure" tags=["live"]
const response = (run: { results: { responseMs: readonly number[] } }) =>
  run.results.responseMs.map((y, i) => ({ x: ["ana", "bruno", "carla"][i] as string, y }));
overlay({
  title: "Response time of three clients who come at once",
  x: { label: "client" },
  y: { label: "response time", unit: "ms" },
  predicted: response(predicted),
  measured: response(measured),
  predictions: [{ label: "your prediction for carla", value: thirdClient.value }],
  alt: "Each client waits longer than the one before, by the time of one service; live lies a little above virtual time.",
  caption:
    "Measured over real sockets on this machine; the network's delay is put in by the library.",
});

// %% name="live-claims" tags=["live"]
claims({
  "live, each client waits longer than the one before": measured.results.responseMs.every(
    (ms, i, all) => i === 0 || ms > (all[i - 1] as number),
  ),
  "live, nobody is faster than virtual time says": measured.results.responseMs.every(
    (ms, i) => ms > (predicted.results.responseMs[i] as number) - 1,
  ),
});

// %% [markdown] name="difference"
// **Why the two differ.** Virtual time knows only what we told it: 5 ms on the way, 20 ms of work. Live, opening a socket, waking a
// thread and reading a timer cost something as well. Since the server takes its clients one after the other, the last pays for
// all. In notebook 03 you will measure how this grows with the load, and what servers do about it.

// %% [markdown] name="edit"
// ## Your turn: change something
//
// Go back to the cell that begins with `const serviceMs = 20;`, make it 40, and run it and the cells below it again (**Run → Run Selected
// Cell and All Below**). Before you look: by how much will carla's time grow?

// %% [markdown] name="red-cell-intro"
// ## When a cell turns red
//
// An error is an answer, too. Read its first line: it says what went wrong, and usually what to do. Here a client calls a port on
// which nobody listens, and asking for its result says so.

// %% name="red-cell" tags=["raises-exception"]
const wrongPort = scenario({
  hosts: { server: {}, ana: {} },
  programs: { caller: on("ana", async (host) => host.connect("server", 8)) },
});
(await simulate(wrongPort)).results.caller;

// %% [markdown] name="interrupt"
// ## When a cell does not end
//
// - **Interrupt** (the square ■ in the toolbar) stops the cell that runs. What you defined before stays, and the next cell runs as usual.
// - **Restart** (the circle arrow ⟳) starts the kernel anew: everything is forgotten, and the cells must be run again from the top. It is
//   the remedy when you have lost track of what is defined.
//
// Try Interrupt: run `for (;;) {}` in a cell of your own (the **+** in the toolbar makes one), and press ■.

// %% [markdown] name="exercise-intro"
// ## Exercise
//
// Write a client that connects to port 7 of `"server"`, sends the number `n`, and returns the answer. The server doubles numbers.
// Write your lines into the function below, and run the cell. The check says what is wrong, if something is, and draws what
// happened; `exercises.firstClient` alone in a cell tells how it is tried.

// %% name="exercise-answer" tags=["exercise"]
const myClient = async (host: Host, n: number) => {
  host.log(`${n} is to be sent`); // your lines take the place of this one
};
await check(exercises.firstClient, myClient);

// %% jupyter={"source_hidden": true} name="solution" tags=["solution"]
// A solution, once you have tried: click to unfold it.
const solution = async (host: Host, n: number) => {
  const connection = await host.connect("server", 7);
  await connection.send(n);
  return connection.receive();
};
await check(exercises.firstClient, solution);

// %% [markdown] name="summary"
// ## What you have seen
//
// - A server in its simplest form handles one request at a time, so whoever comes later waits for all who came before.
// - One program, written against its `host`, runs in virtual time and live. The first says what must happen; the second shows what a real
//   machine adds.
// - A red cell is a message; Interrupt stops a cell; Restart forgets everything.
//
// **Read on.** Every function has a page: [simulate](/static/api/functions/simulate.html),
// [runLive](/static/api/functions/runLive.html), [scenario](/static/api/functions/scenario.html), the
// [Host](/static/api/interfaces/Host.html) that programs see; and so has every room of the library, with its story and an example:
// [world](/static/api/documents/world.html) and [live](/static/api/documents/live.html) are those of this notebook. Here is
// [all of the library](/static/api/index.html), with a search.
// The lecture's source is M. van Steen and A. S. Tanenbaum, *Distributed Systems*, chapter 3.
