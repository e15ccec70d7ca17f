using Muster.Faults;

namespace Muster.Storage;

/// <summary>
/// How the tables of a database came about: each step leads from one version to the next. A new database takes all of
/// them, so that it is as one that has grown.
/// </summary>
/// <param name="steps">Statements, those of version 1 first. A step that has been released is never changed.</param>
public sealed class Migrations(params IReadOnlyList<string> steps)
{
    public int Version => steps.Count;

    /// <summary>
    /// What leads here from version <paramref name="found"/>, to be done in one transaction; null when it is this one.
    /// </summary>
    /// <param name="what">The database, for the one who is told that it is too new.</param>
    public string? After(int found, string what) =>
        found == Version ? null
        : found < Version ? string.Join(";\n", steps.Skip(found))
        : throw new UserException(
            $"{what} was written by a newer version of Muster (data version {found}; this one reads up to {Version})",
            "Update Muster, or go back to a copy of the data that was made before."
        );
}
