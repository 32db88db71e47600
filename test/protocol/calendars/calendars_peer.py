"""Reads calendars with icalendar and vobject, and prints what each finds; then what each writes."""

import json
import sys
from datetime import date, datetime, timezone

import icalendar
import vobject


def moment(at):
    if isinstance(at, datetime):
        zone = at.tzinfo and at.utcoffset().total_seconds() == 0
        return at.strftime("%Y%m%dT%H%M%S") + ("Z" if zone else "")
    return at.strftime("%Y%m%d")


def by_icalendar(text):
    event = icalendar.Calendar.from_ical(text).walk("VEVENT")[0]
    extra = event.get("X-HANDOFF")
    return {
        "uid": str(event["UID"]),
        "summary": str(event["SUMMARY"]),
        "start": moment(event["DTSTART"].dt),
        "end": moment(event["DTEND"].dt),
        "extra": str(extra),
        "parameter": extra.params["X-A"],
    }


def by_vobject(text):
    event = vobject.readOne(text).vevent
    return {
        "uid": event.uid.value,
        "summary": event.summary.value,
        "start": moment(event.dtstart.value),
        "end": moment(event.dtend.value),
    }


def write_icalendar(summary):
    calendar = icalendar.Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "x")
    event = icalendar.Event()
    event.add("uid", "1")
    event.add("dtstamp", datetime(2026, 11, 30, 8, tzinfo=timezone.utc))
    event.add("dtstart", datetime(2026, 11, 30, 12, tzinfo=timezone.utc))
    event.add("dtend", datetime(2026, 11, 30, 13, tzinfo=timezone.utc))
    event.add("summary", summary)
    calendar.add_component(event)
    return calendar.to_ical().decode()


def write_vobject(summary):
    calendar = vobject.iCalendar()
    event = calendar.add("vevent")
    event.add("uid").value = "1"
    event.add("dtstart").value = date(2026, 11, 30)
    event.add("dtend").value = date(2026, 12, 1)
    event.add("summary").value = summary
    return calendar.serialize()


asked = json.loads(sys.stdin.read())
print(
    json.dumps(
        {
            "icalendar": [by_icalendar(text) for text in asked["texts"]],
            "vobject": [by_vobject(text) for text in asked["plain"]],
            "written": [[write_icalendar(s), write_vobject(s)] for s in asked["summaries"]],
        }
    )
)
