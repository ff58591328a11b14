namespace Telelaunch.Net;

/// <summary>One flow ended other than by FIN; every other flow goes on.</summary>
/// <param name="errno">Linux errno (asm-generic numbering) that a local socket would have reported, usually <see cref="Errno.ECONNRESET"/>.</param>
public sealed class FlowException(int errno, Exception? inner = null)
    : IOException($"The flow ended with {Net.Errno.NameOf(errno)}.", inner)
{
    public int Errno { get; } = errno;
}
