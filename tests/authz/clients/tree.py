"""A random tree in tables of its own, with grants, for comparing SQL with whole checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection
from hypothesis import strategies as st

from authz.clients.base import GrantIndex
from authz.clients.embedded import EmbeddedClient
from authz.clients.openfga.client import OpenFGAClient
from authz.clients.sql.predicate import VisibilitySql
from authz.clients.sql.structure import ColumnEdge, ConstantEdge, Edge, JoinEdge, Rows, Structure
from authz.dsl.model import AuthorizationModel
from authz.engine.evaluation import Evaluation
from authz.engine.plan import grants_of
from authz.engine.reader import wildcard_of
from authz.engine.typesystem import type_of, typesystem_of
from authz.errors import UnplannableRelation
from authz.types import Asker, CheckRequest, ListObjectsRequest, ListUsersRequest, TupleKey

ORGANIZATION = "organization:o"
ABOVE = JoinEdge(
    "folder",
    "test_closure",
    source="descendant",
    destination="ancestor",
    column="folder",
    closes=frozenset({"parent", "ancestor"}),
)
PLACE: Mapping[str, Edge | tuple[Edge, ...]] = {
    "drive": ColumnEdge("drive", "drive"),
    "parent": (ColumnEdge("folder", "folder"), ColumnEdge("drive", "drive", condition="{row}folder IS NULL")),
    "ancestor": ABOVE,
}
STRUCTURE = Structure(
    {
        "drive": Rows("test_drive", edges={"organization": ConstantEdge("organization", "o")}),
        "folder": Rows("test_folder", edges=PLACE),
        "file": Rows("test_file", edges=PLACE),
    }
)
TABLES = (
    "test_drive (id text PRIMARY KEY)",
    "test_folder (id text PRIMARY KEY, drive text, folder text)",
    "test_file (id text PRIMARY KEY, drive text, folder text)",
    "test_closure (ancestor text, descendant text, PRIMARY KEY (ancestor, descendant))",
)
ACTORS = ["user:a", "user:b", "user:c", "service:a", "anonymous:v"]
SUBJECTS = [
    *ACTORS,
    "user:*",
    "service:*",
    "anonymous:*",
    *(f"group:{name}#member" for name in "123"),
    *(f"role:{name}#assignee" for name in "12"),
    f"{ORGANIZATION}#member",
    f"{ORGANIZATION}#admin",
    "share_link:l#bearer",
]

PROJECTS = ["project:1", "project:2", "project:3"]


@dataclass
class Tree:
    """Drives, folders (parent folder or None, drive) and files (folder or None, drive)."""

    drives: list[str]
    folders: dict[str, tuple[str | None, str]]
    files: dict[str, tuple[str | None, str]]

    def above(self, folder: str | None) -> list[str]:
        """The folder and those above it."""
        found = []
        while folder is not None:
            found.append(folder)
            folder = self.folders[folder][0]
        return found

    def objects(self) -> list[str]:
        return [
            *(f"drive:{name}" for name in self.drives),
            *(f"folder:{name}" for name in self.folders),
            *(f"file:{name}" for name in self.files),
        ]

    def edges(self) -> Mapping[tuple[str, str], Sequence[str]]:
        found: dict[tuple[str, str], list[str]] = {}
        for drive in self.drives:
            found[f"drive:{drive}", "organization"] = [ORGANIZATION]
        places = [(f"folder:{name}", *place) for name, place in self.folders.items()]
        places += [(f"file:{name}", folder, drive) for name, (folder, drive) in self.files.items()]
        for name, folder, drive in places:
            found[name, "drive"] = [f"drive:{drive}"]
            found[name, "parent"] = [f"drive:{drive}" if folder is None else f"folder:{folder}"]
            found[name, "ancestor"] = [f"folder:{above}" for above in self.above(folder)]
        return found

    def structure_tuples(self, model: AuthorizationModel) -> list[TupleKey]:
        """What a model can be told of the tree."""
        types = typesystem_of(model)
        return [
            TupleKey(target, edge, name)
            for (name, edge), targets in self.edges().items()
            for target in targets
            if types.allows(f"{type_of(name)}#{edge}", target)
        ]

    @contextmanager
    def stored(self) -> Iterator[None]:
        """The tables hold this tree and nothing else."""
        rows: list[tuple[str, tuple[str | None, ...]]] = [("test_drive", (drive,)) for drive in self.drives]
        for name, (parent, drive) in self.folders.items():
            rows.append(("test_folder", (name, drive, parent)))
            rows += [("test_closure", (above, name)) for above in self.above(name)]
        for name, (folder, drive) in self.files.items():
            rows.append(("test_file", (name, drive, folder)))
        with connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"DELETE FROM {table.split()[0]}")
            for table, values in rows:
                cursor.execute(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(values))})", values)
        yield


def by_sql(client: GrantIndex, actor: str, relation: str, type_name: str, usersets: list[str]) -> set[str]:
    """The objects of the stored tree that the predicate finds."""
    return listed(client.predicate(Asker(actor, tuple(usersets)), relation, type_name, "n"), type_name)


def by_plan(
    client: EmbeddedClient | OpenFGAClient, tree: Tree, actor: str, relation: str, names: list[str], usersets: list[str]
) -> set[str]:
    """Those of the objects that the flags of a page would show."""
    edges, found = tree.edges(), set()
    for name in names:
        node = (type_of(name), relation)
        try:
            plan = client.page_plans(frozenset({node})).plans[node]
        except UnplannableRelation:
            return by_flags(client, tree, actor, relation, names, usersets)
        reached = [name, ORGANIZATION, *tree.objects()]
        wanted = {(other, r) for t, r in grants_of(plan) for other in reached if other.startswith(f"{t}:")}
        if Evaluation(client.granted(Asker(actor, tuple(usersets)), wanted), edges).satisfies(name, plan):
            found.add(name)
    return found


def by_flags(
    client: EmbeddedClient | OpenFGAClient, tree: Tree, actor: str, relation: str, names: list[str], usersets: list[str]
) -> set[str]:
    """What a page does when a relation cannot be planned: whole checks that tell the places of these objects alone."""
    told = (*tree.structure_tuples(client.model), *Asker(actor, tuple(usersets)).memberships)
    verdicts = client.batch_check([CheckRequest(actor, relation, name, told) for name in names])
    return {name for name, allowed in zip(names, verdicts, strict=True) if allowed}


def hold_whole_questions(
    client: EmbeddedClient | OpenFGAClient,
    tree: Tree,
    actor: str,
    relation: str,
    expected: Mapping[str, bool],
    usersets: list[str],
) -> None:
    """Assert that lists and explanations say of objects of one type what checks do.

    A list of objects is told nothing of the tree, as nobody could; the others are told all of it.
    """
    brought = Asker(actor, tuple(usersets)).memberships
    told = (*tree.structure_tuples(client.model), *brought)
    for type_name in {type_of(name) for name in expected}:
        found = client.list_objects(ListObjectsRequest(actor, relation, type_name, brought))
        assert found == sorted(name for name, allowed in expected.items() if allowed), (actor, relation)
    everybody = wildcard_of(actor)
    for name, allowed in expected.items():
        assert client.explain(CheckRequest(actor, relation, name, told)).allowed == allowed, (actor, relation, name)
        users = client.list_users(ListUsersRequest(name, relation, type_of(actor), None, told))
        # Whom no tuple names is in the list as everybody; whom something excludes is not in it.
        assert actor in users or everybody in users if allowed else actor not in users, (actor, relation, name)


def create_tables() -> None:
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {table}")


def listed(sql: VisibilitySql, type_name: str) -> set[str]:
    """The objects that a predicate finds, in both of its forms, all of them among its candidates."""
    head, params = f"WITH RECURSIVE {sql.ctes.text} ", sql.ctes.params
    rows = f"SELECT n.id FROM {STRUCTURE.rows[type_name].table} n WHERE "
    by_row, by_set, candidates = (
        {f"{type_name}:{name}" for (name,) in fetched(head + text + part.text, (*params, *part.params))}
        for text, part in ((rows, sql.predicate.of_row), (rows, sql.predicate.of_all), ("", sql.predicate.candidates))
    )
    assert by_row == by_set
    assert by_row <= candidates
    return by_row


def fetched(text: str, params: Sequence[Any]) -> list[tuple[str]]:
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        rows: list[tuple[str]] = cursor.fetchall()
        return rows


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    drives = ["d1", "d2"]
    folders: dict[str, tuple[str | None, str]] = {}
    for number in range(draw(st.integers(0, 5))):
        parent = draw(st.sampled_from([None, *folders]))
        drive = draw(st.sampled_from(drives)) if parent is None else folders[parent][1]
        folders[f"f{number}"] = (parent, drive)
    files: dict[str, tuple[str | None, str]] = {}
    for number in range(draw(st.integers(1, 5))):
        folder = draw(st.sampled_from([None, *folders]))
        drive = draw(st.sampled_from(drives)) if folder is None else folders[folder][1]
        files[f"i{number}"] = (folder, drive)
    return Tree(drives, folders, files)


@st.composite
def moves(draw: st.DrawFn, tree: Tree) -> Tree:
    """The same tree with one folder moved, within its drive, to where it makes no ring."""
    if not tree.folders:
        return tree
    moved = draw(st.sampled_from(sorted(tree.folders)))
    drive = tree.folders[moved][1]
    places = [name for name, (_, at) in tree.folders.items() if at == drive and moved not in tree.above(name)]
    target = draw(st.sampled_from([None, *places]))
    return Tree(tree.drives, {**tree.folders, moved: (target, drive)}, tree.files)


def grants(model: AuthorizationModel, tree: Tree) -> st.SearchStrategy[list[TupleKey]]:
    """Tuples that the model allows: on the tree, and among groups, roles and the organization."""
    objects = [*tree.objects(), ORGANIZATION, "group:1", "group:2", "group:3", "role:1", "role:2"]
    objects += PROJECTS if "project" in model.types else []
    subjects = [*SUBJECTS, *(f"{name}#can_view" for name in tree.objects() if name.startswith("folder:")), *PROJECTS]
    structural = STRUCTURE.edges()
    possible = []
    for name in objects:
        type_name = name.partition(":")[0]
        for relation in model.types[type_name].relations.values():
            if (type_name, relation.name) in structural:
                continue
            kinds = {
                f"{entry.type}#{entry.relation}"
                if entry.relation
                else f"{entry.type}:*"
                if entry.wildcard
                else entry.type
                for entry in relation.restrictions
            }
            for subject in subjects:
                bare, _, subject_relation = subject.partition("#")
                subject_type = bare.partition(":")[0]
                kind = f"{subject_type}#{subject_relation}" if subject_relation else subject_type
                kind = bare if bare.endswith(":*") else kind
                if kind in kinds and subject != f"{name}#{relation.name}":
                    possible.append(TupleKey(subject, relation.name, name))
    return st.lists(st.sampled_from(possible), max_size=25, unique=True)
