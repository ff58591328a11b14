namespace Telelaunch.Bench;

/// <summary>The benchmark can't go on.</summary>
/// <param name="cause">What happened.</param>
/// <param name="remedy">What to do about it, or what the part that failed said.</param>
internal sealed class BenchException(string cause, string remedy) : Exception(cause)
{
    public string Remedy { get; } = remedy;
}
