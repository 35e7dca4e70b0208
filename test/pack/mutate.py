#!/usr/bin/python3
"""Events with values of wrong types, or without some. Usage: mutate.py EVENTS... > MUTATED
       mutate.py --check MESSAGES: none of the messages may have an error of a rule."""
import json
import random
import sys

VALUES = ["", "x", 5, 5.5, True, ["a", "b"], [1, 2], {"k": "v"}, None, "[a, b]", "2024-02-14T21:18:29.782Z", "9" * 30,
          "\u00fc" * 50, -1, [], [""]]
COPIES = 10


def mutate(d, share, dice):
    for k in list(d):
        if k in ("@timestamp", "@metadata", "agent"):
            continue
        if isinstance(d[k], dict) and dice.random() > 0.05:
            mutate(d[k], share, dice)
        elif dice.random() < share:
            d[k] = dice.choice(VALUES)
            if dice.random() < 0.3:
                del d[k]


def main():
    if sys.argv[1] == "--check":
        messages = [json.loads(line) for line in open(sys.argv[2], errors="replace")]
        wrong = [m["gl2_processing_error"] for m in messages if "gl2_processing_error" in m]
        wrong += ["not identified" for m in messages if m.get("event_source_product") != "packetbeat"]
        for text in sorted(set(wrong))[:10]:
            print(text[:300])
        print(f"{len(messages) - len(wrong)} passed, {len(wrong)} failed")
        return bool(wrong) or not messages
    dice = random.Random(7)
    for path in sys.argv[1:]:
        for line in open(path):
            for _ in range(COPIES):
                event = json.loads(line)
                mutate(event, dice.choice([0.03, 0.1, 0.3]), dice)
                print(json.dumps(event))
    return 0


if __name__ == "__main__":
    sys.exit(main())
