"""What a home learns of its user's names, and whom it tells.

In: a home's window and one event. Out: the window with the names in it, and a `UserLinked` for every other name. Must
never take a stranger for the user: who shows a BSUID that is not one of the user's is another person.
"""

from dataclasses import replace

from app.core.effects import Forward
from app.core.events import Event, IdentityChanged, UserLinked, UserWrote
from app.core.identity import Identity, User, user_key
from app.core.rules import Rules
from app.core.state import Window

RELINK_PART = 4
"""The names are told again after this part of the time after which a signpost is forgotten."""


def names(window: Window) -> list[User]:
    """The user's other names at the same business number, each with its key; none that another person has now."""
    number = window.user.phone_number_id
    known = [User.at(number, wa_id, None) for wa_id in window.numbers if wa_id not in window.passed]
    known += [User.at(number, None, user_id) for user_id in window.ids]
    return [name for name in known if name.key != window.user.key]


def former_keys(window: Window, now: float, rules: Rules) -> tuple[str, ...]:
    """The other keys the user was kept under, without those that may have become somebody else's.

    The key of a number leads here only while it is told so now and then; a BSUID is never given to another person.
    """
    if not window.linked or now - window.linked < rules.forget_seconds:
        return window.joined
    own = {user_key(window.user.phone_number_id, None, user_id) for user_id in window.ids}
    return tuple(key for key in window.joined if key in own)


def link(window: Window, name: User, at: float, cause: str, home: str = "", since: float = 0.0) -> Forward:
    """Tell a name that its user is kept here; with `home`, that they are handed over to that one from here."""
    own = window.user.key
    event = UserLinked(
        id=f"linked:{own}:{name.key}:{cause}",
        user=name,
        at=at,
        home=home or own,
        since=since if home else window.since,
        ids=window.ids,
        via=own if home else "",
    )
    return Forward(event=event, hops=1)


def home_of(window: Window, number: str | None) -> str | None:
    """Where a name leads to, None when its user is kept here; of a number, to whoever has it now."""
    holder, _ = window.passed.get(number or "", ("", 0.0))
    return window.home or holder or None


def is_stranger(window: Window, user: User) -> bool:
    """Whether a user who comes to this home is another person: the BSUID they show is none of its user's.

    After a change of number of which Meta left out the new BSUID, the first one at the new number is taken as it.
    """
    awaited = window.user.user_id is None and user.wa_id is not None and user.wa_id == window.user.wa_id
    return bool(user.user_id and window.ids and user.user_id not in window.ids and not awaited)


def passed_on(window: Window, number: str, key: str, at: float) -> Window:
    """The window after a number of the user's has gone to another person: nothing is sent to it any more."""
    user = window.user
    if user.wa_id == number:
        user = replace(user, wa_id=None, user_id=user.user_id or window.ids[-1])
    return replace(window, user=user, passed={**window.passed, number: (key, at)})


def shown(window: Window | None, event: UserWrote) -> UserWrote:
    """The event with only those names of its user that are the newest."""
    if window is None:
        return event
    user = event.user
    left_number = not user.user_id and user.wa_id in window.numbers and window.user.wa_id not in (None, user.wa_id)
    if event.at < window.named or left_number:
        user = replace(user, wa_id=None, user_id=None)
    elif event.at < window.passed.get(user.wa_id or "", ("", 0.0))[1]:
        user = replace(user, wa_id=None)
    return replace(event, user=user)


def learn(before: Window | None, after: Window, event: Event, now: float, rules: Rules) -> tuple[Window, list[Forward]]:
    """Learn the names an event shows, and tell them, again from time to time, where their home is."""
    if before is None:
        after = replace(after, since=now)
    match event:
        case UserWrote(user=user):
            after = _named(after, Identity(wa_id=user.wa_id, user_id=user.user_id))
            if user.user_id and event.at >= after.named:
                after = replace(after, named=min(event.at, now))
        case IdentityChanged():
            after = _changed(after, event)
        case _:
            return after, []
    links = []
    number = event.user.wa_id
    back = number in after.passed and event.at >= after.passed[number][1]
    if number and back and event.user.user_id in after.ids and isinstance(event, UserWrote):
        holder = User(key=after.passed[number][0], phone_number_id=after.user.phone_number_id, wa_id=number)
        after = replace(after, passed={name: to for name, to in after.passed.items() if name != number})
        links.append(link(after, holder, event.at, event.id))
    old = before is None or now - after.linked >= rules.forget_seconds / RELINK_PART
    known = {name.key for name in names(before)} if before and not old else set()
    told = names(after) if set(after.ids) != set(before.ids if before else ()) else []
    told = told or [name for name in names(after) if name.key not in known]
    if old:
        after = replace(after, joined=former_keys(after, now, rules), linked=now)
    return after, links + [link(after, name, event.at, event.id) for name in told]


def _named(window: Window, shown: Identity) -> Window:
    ids, numbers = window.ids, window.numbers
    if shown.user_id and shown.user_id not in ids:
        ids = (*ids, shown.user_id)
    if shown.wa_id and shown.wa_id not in numbers:
        numbers = (*numbers, shown.wa_id)
    return replace(window, ids=ids, numbers=numbers)


def _changed(window: Window, event: IdentityChanged) -> Window:
    before, after = event.before, event.after
    window = _named(_named(window, Identity(user_id=before.user_id)), after)
    if event.at < window.named:
        return window
    user = window.user
    if after.wa_id:
        user = replace(user, wa_id=after.wa_id)
    elif after.user_id and before.user_id == user.user_id != after.user_id:
        # A new BSUID means a new number (whatsapp-cloud-api, 3.4): the one we know is nobody's, or another person's.
        user = replace(user, wa_id=None)
    if after.user_id:
        user = replace(user, user_id=after.user_id)
    elif after.wa_id and before.user_id in (None, user.user_id):
        user = replace(user, user_id=None)
    return replace(window, user=user, named=event.at)


def before_key(event: IdentityChanged) -> str | None:
    """The key of the BSUID a change of identity is away from; None where Meta does not say it."""
    user_id = event.before.user_id
    return user_key(event.user.phone_number_id, None, user_id) if user_id else None
