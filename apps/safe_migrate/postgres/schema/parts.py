"""Pieces that the catalog queries share.

Each query gives (kind, name, definition, expression, owner, grants): `definition` is digested as it
stands, `expression` in its canonical form; the last three may be NULL.
"""

NOT_OWNED = "NULL, NULL"


def ours(catalog: str, row: str) -> str:
    """True unless an extension brought the object: CREATE EXTENSION makes it again."""
    return f"""NOT EXISTS (
        SELECT FROM pg_depend e WHERE e.classid = '{catalog}'::regclass
        AND e.objid = {row}.oid AND e.deptype = 'e')"""


def named(schema: str, name: str) -> str:
    """The qualified name, quoted where it needs to be."""
    return f"quote_ident({schema}) || '.' || quote_ident({name})"


def users(schema: str) -> str:
    """True for a schema that is not the system's."""
    return f"{schema} !~ '^pg_' AND {schema} <> 'information_schema'"


def in_schema(catalog: str, row: str, namespace: str) -> str:
    """FROM … WHERE for the users' own objects of a catalog that have a schema."""
    return f"""FROM {catalog} {row} JOIN pg_namespace n ON n.oid = {row}.{namespace}
        WHERE {users("n.nspname")} AND {ours(catalog, row)}"""


def later(catalog: str, row: str) -> str:
    """FROM … WHERE for objects without a schema that were made after initdb.

    (FirstNormalObjectId in PostgreSQL's access/transam.h.)
    """
    return f"FROM {catalog} {row} WHERE {row}.oid >= 16384 AND {ours(catalog, row)}"


def in_order(options: str) -> str:
    """An array of options as text, whatever order they were given in."""
    return f'ARRAY(SELECT o FROM unnest({options}) o ORDER BY o COLLATE "C")::text'


def granted(acl: str) -> str:
    """An ACL as text, without who granted and whatever order it was granted in."""
    return f"""coalesce((
        SELECT string_agg(g, ' ' ORDER BY g COLLATE "C") FROM (
            SELECT DISTINCT
                CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee)::text END
                || '=' || privilege_type || CASE WHEN is_grantable THEN '*' ELSE '' END
            FROM aclexplode({acl})) AS s(g)), 'nobody')"""


def grants(owner: str, acl: str, letter: str) -> str:
    """The grants; NULL where they are what the owner's object has by default.

    pg_dump writes nothing for those, so NULL and the same thing spelt out are equal. `letter` is
    acldefault's (PostgreSQL manual, 9.27.2).
    """
    default = granted(f"acldefault('{letter}', {owner})")
    return f"CASE WHEN {acl} IS NOT NULL THEN nullif({granted(acl)}, {default}) END"


def owned(owner: str, acl: str = "", letter: str = "") -> str:
    """Owner and, where there is an ACL, grants."""
    who = f"pg_get_userbyid({owner})::text"
    return f"{who}, {grants(owner, acl, letter)}" if acl else f"{who}, NULL"
