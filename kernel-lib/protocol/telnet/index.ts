/**
 * Telnet's stream, with the *Synch* that clears it by urgent data, and the control connection of FTP, which is one, with its abort.
 *
 * Modelled: commands, options, subnegotiations, the data mark, lines and replies, in pieces of any size, with bounded memory. Left
 * out: what options mean, FTP's replies of several lines, and its other commands.
 *
 * Sources: RFC 854 (Telnet), RFC 959 (FTP), RFC 1123 §3 and §4.
 */
export { type FtpCommand, FtpCommandReader, ftpCommand, ftpReply } from "./ftp.js";
export {
  iac,
  sendSynch,
  type TelnetCommand,
  type TelnetEvent,
  TelnetReceiver,
  telnetCommand,
  telnetCommands,
  telnetData,
} from "./telnet.js";
