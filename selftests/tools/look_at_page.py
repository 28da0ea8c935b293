# SPDX-License-Identifier: GPL-2.0-only
"""Looks at pages in headless Chromium: narrow and wide, light and dark.

look_at_page.py PAGE...			prints what is wrong with each: "PAGE, 700 px, dark: ..."
look_at_page.py --png FILE WIDTH light|dark PAGE	a picture of the page

look_at_page.js knows what is wrong with what is drawn. What the page asks the network for and
what the browser complains about is seen here. Chromium is spoken to through pipes, in the
DevTools protocol: JSON, each message ends in a 0.
"""
import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile

CHROMIUM = (
    "chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars"
    " --disable-lcd-text --disable-background-networking --no-first-run --remote-debugging-pipe"
).split()
# Of events that a page without faults does not cause: where they say what happened.
FAULTS = {
    "Runtime.exceptionThrown": lambda p: p["exceptionDetails"].get("exception", {}).get("description"),
    "Runtime.consoleAPICalled": lambda p: p["args"],
    "Log.entryAdded": lambda p: p["entry"]["text"],
    "Network.requestWillBeSent": lambda p: "loads " + p["request"]["url"],
}


class Browser:
    """One tab."""

    def __init__(self, folder):
        to_browser, self.commands = os.pipe()
        self.answers, from_browser = os.pipe()

        def connect():  # the browser reads 3 and writes 4
            copies = os.dup(to_browser), os.dup(from_browser)
            os.dup2(copies[0], 3)
            os.dup2(copies[1], 4)

        self.process = subprocess.Popen(
            CHROMIUM + ["--user-data-dir=" + folder],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=connect, close_fds=False)
        os.close(to_browser)
        os.close(from_browser)
        self.session, self.number, self.rest, self.events = None, 0, b"", []
        target = self.do("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.do("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in "Page", "Runtime", "Log", "Network":
            self.do(domain + ".enable")

    def read(self):
        while b"\0" not in self.rest:
            got = os.read(self.answers, 1 << 16)
            if not got:
                sys.exit("look_at_page.py: Chromium ended")
            self.rest += got
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def do(self, method, **params):
        """The answer to a command; events that come before it are kept."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit(f"look_at_page.py: {method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, url, width, scheme):
        self.events.clear()
        self.do("Emulation.setDeviceMetricsOverride",
                width=width, height=1000, deviceScaleFactor=1, mobile=False)
        self.do("Emulation.setEmulatedMedia",
                features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.do("Page.navigate", url=url)
        while not any(e["method"] == "Page.loadEventFired" for e in self.events):
            self.events.append(self.read())

    def faults(self, url):
        for event in self.events:
            if event["method"] in FAULTS:
                text = str(FAULTS[event["method"]](event["params"]))
                if text != "loads " + url:
                    yield text.splitlines()[0]

    def evaluate(self, expression):
        result = self.do("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            sys.exit(f"look_at_page.js: {result['exceptionDetails']}")
        return result["result"]["value"]

    def png(self):
        height = self.evaluate("Math.ceil(document.documentElement.getBoundingClientRect().height)")
        width = self.evaluate("innerWidth")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = self.do("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(shot["data"])


def url_of(page):
    return pathlib.Path(page).resolve().as_uri()


def look(browser, pages):
    script = pathlib.Path(__file__).with_suffix(".js").read_text()
    wrong = 0
    for page in pages:
        for width in 700, 1200:
            for scheme in "light", "dark":
                browser.open(url_of(page), width, scheme)
                seen = browser.evaluate(f"{script}\nlook_at_page('{scheme}')")
                for text in seen + list(browser.faults(url_of(page))):
                    print(f"{page}, {width} px, {scheme}: {text}")
                    wrong = 1
    return wrong


def main(arguments):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(folder)
        if arguments[0] == "--png":
            browser.open(url_of(arguments[4]), int(arguments[2]), arguments[3])
            pathlib.Path(arguments[1]).write_bytes(browser.png())
            wrong = 0
        else:
            wrong = look(browser, arguments)
        os.close(browser.commands)  # it ends by this
        browser.process.wait()
    return wrong


sys.exit(main(sys.argv[1:]))
