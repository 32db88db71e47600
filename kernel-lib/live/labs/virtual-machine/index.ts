/**
 * A real virtual machine that is migrated, with a guest of our own: see {@link migrateVirtualMachine}.
 *
 * @module
 */
export type { GuestOptions } from "./guest.js";
export {
  type GuestRequestRow,
  migrateVirtualMachine,
  type VirtualMachineOptions,
  type VirtualMachineRun,
} from "./virtual-machine-lab.js";
