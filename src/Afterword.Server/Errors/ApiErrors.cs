namespace Afterword.Server.Errors;

/// <summary>Why a request was refused: one or more entries of the catalogue, answered together.</summary>
/// <remarks>The status is that of the first wrong parameter, or of the only entry: 400 goes before the special 403 of a long message.</remarks>
internal sealed class ApiErrors
{
    private readonly List<ApiError> _all = [];

    public IReadOnlyList<ApiError> All => _all;

    public bool Any => _all.Count > 0;

    public int Status => _all.Min(error => error.Status);

    public void Add(ApiError error) => _all.Add(error);
}
