import { checkPositive, checkText, checkWhole } from "../../errors.js";
import { type Host, TimedOut } from "../../world/index.js";
import { type BackOff, backOff } from "../failures/back-off.js";
import { isLoss, retrying } from "../failures/retrying.js";
import { type Address, type Channel, overConnections, type RemoteReply, stub } from "../stubs/index.js";
import { Home, homePort } from "./home.js";

/** See {@link tracking}. */
export interface TrackingOptions {
  /** The service's name. */
  readonly service: string;
  /** The machine of its home, or its whole address. */
  readonly home: string | Address;
  /** Where to ask first, before the home: an address that somebody wrote down. */
  readonly first?: Address;
  /** How long to wait for one reply; 100 ms unless told. */
  readonly timeoutMs?: number;
  /** How often a call is sent at most, over all sites; 100 unless told. */
  readonly tries?: number;
  /** The pauses after a try at a site that does not answer, or knows nothing; 5 to 50 ms with full jitter unless told. */
  readonly pauses?: BackOff;
}

/**
 * The layer that keeps the service's address: asks its home once, sends calls there, and learns from replies that it has moved. Whoever
 * calls knows its name alone.
 *
 * Rows of the trace tell what it costs: `look-up` (the home was asked), `referred` (a site said where the service has gone), `failed try`
 * (a site that does not answer or does not know).
 *
 * @throws (the channel) {@link TimedOut} after the last try.
 */
export function tracking(host: Host, options: TrackingOptions): Channel {
  const service = checkText("tracking", "service", options?.service);
  const { home, timeoutMs = 100, tries = 100, pauses = backOff({ firstMs: 5, mostMs: 50 }) } = options;
  checkPositive("tracking", "timeoutMs", timeoutMs);
  checkWhole("tracking", "tries", tries, 1);
  const toHome = overConnections(host, typeof home === "string" ? { host: home, port: homePort } : home, { timeoutMs });
  const registry = stub(host, Home, retrying(host, toHome, { tries, pauses }));
  const channels = new Map<string, Channel>();
  const channelTo = ({ host: to, port }: Address): Channel => {
    const key = `${to}:${port}`;
    const channel = channels.get(key) ?? overConnections(host, { host: to, port }, { timeoutMs });
    channels.set(key, channel);
    return channel;
  };
  let known = options.first;
  return async (call) => {
    for (let failures = 0, sent = 0; ; ) {
      if (!known) {
        host.log("look-up", { service });
        known = await registry.find(service);
      }
      const asked = known;
      let reply: RemoteReply | undefined;
      try {
        if (asked) reply = await channelTo(asked)(call);
      } catch (error) {
        if (!isLoss(error)) throw error;
      }
      if (reply && reply.how !== "moved") {
        // Whoever passed it on said where it was executed: the next call goes there.
        if (reply.how === "returned" && reply.at) known = reply.at;
        return reply;
      }
      if (++sent >= tries) throw new TimedOut(`${service} was not found in ${tries} tries`);
      if (reply?.to) {
        host.log("referred", { service, to: reply.to.host });
        known = reply.to;
        continue;
      }
      // Another call may have learnt more meanwhile.
      if (known === asked) known = undefined;
      host.log("failed try", { service, at: asked?.host ?? "nowhere" });
      await host.sleep(pauses(++failures, () => host.random()));
    }
  };
}
