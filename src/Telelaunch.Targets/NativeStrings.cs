using System.Runtime.InteropServices;

namespace Telelaunch.Targets;

/// <summary>A NULL-terminated array of NUL-terminated strings (char *const argv[]) outside the garbage collector's reach.</summary>
internal sealed unsafe class NativeStrings : IDisposable
{
    private byte* _block;

    public NativeStrings(IReadOnlyList<byte[]> strings)
    {
        var pointersSize = (nuint)(strings.Count + 1) * (nuint)sizeof(byte*);
        _block = (byte*)NativeMemory.Alloc(pointersSize + (nuint)strings.Sum(text => text.Length + 1));
        var text = _block + pointersSize;
        for (var i = 0; i < strings.Count; i++)
        {
            Pointers[i] = text;
            strings[i].CopyTo(new Span<byte>(text, strings[i].Length));
            text[strings[i].Length] = 0;
            text += strings[i].Length + 1;
        }
        Pointers[strings.Count] = null;
    }

    public byte** Pointers => (byte**)_block;

    public void Dispose()
    {
        NativeMemory.Free(_block);
        _block = null;
    }
}
