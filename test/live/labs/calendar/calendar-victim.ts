/** Starts a calendar server, prints its port, and waits to be killed. */
import { startCalendarServer } from "kernel-lib";

const { port } = await startCalendarServer();
console.log(port);
setInterval(() => undefined, 1000);
