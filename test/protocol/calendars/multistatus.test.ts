import {
  changedEntries,
  deleteEntry,
  entryPath,
  fetchEntries,
  listEntries,
  makeCalendar,
  putEntry,
  readMultistatus,
  readPreconditions,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failureOf } from "../../world/both-worlds.js";

const test = suite("CalDAV");

test("the answer of RFC 6578, §3.8, is read: three entries and a token", () => {
  const body = `<?xml version="1.0" encoding="utf-8" ?>
   <D:multistatus xmlns:D="DAV:">
     <D:response>
       <D:href>/home/cyrusdaboo/test.doc</D:href>
       <D:propstat><D:prop><D:getetag>"00001-abcd1"</D:getetag>
         <R:bigbox xmlns:R="urn:ns.example.com:boxschema"><R:BoxType>Box type A</R:BoxType></R:bigbox></D:prop>
         <D:status>HTTP/1.1 200 OK</D:status></D:propstat>
     </D:response>
     <D:response>
       <D:href>/home/cyrusdaboo/vcard.vcf</D:href>
       <D:propstat><D:prop><D:getetag>"00002-abcd1"</D:getetag></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>
       <D:propstat><D:prop><R:bigbox xmlns:R="urn:ns.example.com:boxschema"/></D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>
     </D:response>
     <D:response><D:href>/home/cyrusdaboo/gone.ics</D:href><D:status>HTTP/1.1 404 Not Found</D:status></D:response>
     <D:sync-token>http://example.com/ns/sync/1234</D:sync-token>
   </D:multistatus>`;
  assert.equal(readMultistatus(body), {
    entries: [
      { href: "/home/cyrusdaboo/test.doc", status: 200, etag: '"00001-abcd1"' },
      { href: "/home/cyrusdaboo/vcard.vcf", status: 200, etag: '"00002-abcd1"' },
      { href: "/home/cyrusdaboo/gone.ics", status: 404 },
    ],
    syncToken: "http://example.com/ns/sync/1234",
  });
});

test("names count by their namespace, not by their prefix", () => {
  const body = `<multistatus xmlns="DAV:" xmlns:X="urn:ietf:params:xml:ns:caldav"><response><href>/a</href><propstat><status>HTTP/1.1 200 OK</status>
    <prop><getetag xmlns="urn:other">no</getetag><getetag>"1"</getetag><X:calendar-data>BEGIN&#58;<![CDATA[<&>]]></X:calendar-data></prop></propstat></response></multistatus>`;
  assert.equal(readMultistatus(body).entries, [{ href: "/a", status: 200, etag: '"1"', calendar: "BEGIN:<&>" }]);
});

test("a refusal says what did not hold; a body that is no XML says nothing", () => {
  assert.equal(readPreconditions('<D:error xmlns:D="DAV:"><D:valid-sync-token/></D:error>'), ["valid-sync-token"]);
  assert.equal(readPreconditions("Conflict in the request."), []);
  assert.equal(readPreconditions("<html/>"), []);
});

const laughs = `<!DOCTYPE m [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><multistatus xmlns="DAV:">&b;</multistatus>`;
const malformed: readonly (readonly [string, string, RegExp])[] = [
  ["a billion laughs", laughs, /no document type/],
  ["an entity that nobody declared", '<multistatus xmlns="DAV:">&file;</multistatus>', /no XML: .*undefined entity/],
  ["a document of another kind", "<html/>", /"html" came/],
  ["one without the namespace", "<multistatus/>", /"multistatus" came/],
  ["elements that cross", '<multistatus xmlns="DAV:"><a><b></a></b></multistatus>', /no XML: /],
  ["half of one", '<multistatus xmlns="DAV:"><response>', /no XML: /],
  ["nothing", "", /no XML: /],
  ["a response about nothing", '<multistatus xmlns="DAV:"><response/></multistatus>', /no href/],
  [
    "a response without a status",
    '<multistatus xmlns="DAV:"><response><href>/a</href></response></multistatus>',
    /no status/,
  ],
  [
    "a status that is a word",
    '<multistatus xmlns="DAV:"><response><href>/a</href><status>fine</status></response></multistatus>',
    /no status such as/,
  ],
  ["100,001 elements", `<a>${"<b/>".repeat(100_000)}</a>`, /at most 100000 elements/],
  ["33 elements, one in the other", "<a>".repeat(33), /more than 32/],
];
for (const [what, body, reason] of malformed)
  test(`${what} is malformed`, async () => {
    const said = await failureOf(() => readMultistatus(body));
    assert.match(said, /^MalformedMessage: /);
    assert.match(said, reason);
  });

test("requests carry their conditions, and what they ask for", () => {
  assert.equal(putEntry("/a/1.ics", "x", { ifMatch: '"7"' }).headers["If-Match"], '"7"');
  assert.equal(putEntry("/a/1.ics", "x", { ifNew: true }).headers["If-None-Match"], "*");
  assert.equal(Object.keys(putEntry("/a/1.ics", "x").headers), ["Content-Type"]);
  assert.equal(deleteEntry("/a/1.ics", { ifMatch: '"7"' }).headers, { "If-Match": '"7"' });
  assert.equal([listEntries("/a/").headers.Depth, changedEntries("/a/").headers.Depth], ["1", "0"]);
  assert.match(changedEntries("/a/", "<&>").body, /<sync-token>&#60;&#38;&#62;<\/sync-token>/);
  assert.match(fetchEntries("/a/", ["/a/1.ics"]).body, /<href>\/a\/1\.ics<\/href>/);
  assert.is(entryPath("/a/", "x/y z"), "/a/x%2Fy%20z.ics");
});

test("what can't be asked is refused by its name", async () => {
  const refused: readonly (readonly [() => unknown, string])[] = [
    [() => makeCalendar("a"), 'makeCalendar: path must be a path that begins with / and is percent-encoded, got "a"'],
    [
      () => listEntries("/a b/"),
      'listEntries: path must be a path that begins with / and is percent-encoded, got "/a b/"',
    ],
    [() => putEntry("/a", "x", { ifMatch: "7" }), 'putEntry: ifMatch must be an ETag in its quotation marks, got "7"'],
    [
      () => putEntry("/a", "x", { ifMatch: '"7"', ifNew: true }),
      "putEntry: ifNew must be left out where ifMatch is told, got true",
    ],
    [() => putEntry("/a", ""), 'putEntry: calendar must be a text that is not empty, got ""'],
    [() => entryPath("/a/", ""), 'entryPath: uid must be a text that is not empty, got ""'],
  ];
  for (const [work, message] of refused) assert.is(await failureOf(work), `ParameterError: ${message}`);
});

test.run();
